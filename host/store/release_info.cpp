#include "store/release_info.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "support/fd.hpp"
#include "support/json.hpp"
#include "support/json_out.hpp"

namespace kclhost::host::store {
namespace {

constexpr std::size_t longest_text = 16u << 20;

using json::text_of;

// Nothing outside the release's folder is ever loaded, whatever the file says.
bool is_below(const std::filesystem::path& path) {
  if (path.empty() || path.is_absolute()) return false;
  for (const auto& part : path) {
    if (part == "..") return false;
  }
  return true;
}

}  // namespace

std::string to_json(const ReleaseInfo& info) {
  JsonOut out;
  out.open('{')
      .member("format", 1)
      .member("number", info.number)
      .member("application", info.application)
      .member("content", info.content)
      .member("sha256", info.sha256)
      .member("plugin_path", info.plugin_path)
      .member("plugin_config", info.config_json)
      .member("created_ms", info.created);
  out.key("files").open('[');
  for (const plugin::CopiedFile& file : info.files) {
    out.open('{').member("path", file.path.string()).member("sha256", file.sha256).close('}');
  }
  return out.close(']').close('}').take() + "\n";
}

Result<ReleaseInfo> info_from_json(std::string_view text) {
  rapidjson::Document document;
  if (const auto fault = json::parse(text, document, json::Utf8::checked)) return Error{"is damaged: " + fault->str()};
  const auto damaged = [](const char* what) { return Error{std::string("is damaged: ") + what}; };
  if (!document.IsObject()) return damaged("no JSON object");
  const auto number = document.FindMember("number"), created = document.FindMember("created_ms"),
             files = document.FindMember("files");
  if (number == document.MemberEnd() || !number->value.IsInt() || number->value.GetInt() <= 0)
    return damaged("no number");
  ReleaseInfo info{.number = static_cast<rollout::Release>(number->value.GetInt()),
                   .application = text_of(document, "application"),
                   .content = text_of(document, "content"),
                   .sha256 = text_of(document, "sha256"),
                   .plugin_path = text_of(document, "plugin_path"),
                   .config_json = text_of(document, "plugin_config"),
                   .files = {},
                   .created = 0};
  if (created != document.MemberEnd() && created->value.IsInt64()) info.created = created->value.GetInt64();
  if (files == document.MemberEnd() || !files->value.IsArray() || files->value.Empty()) return damaged("no files");
  for (const auto& file : files->value.GetArray()) {
    if (!file.IsObject()) return damaged("a file is no object");
    plugin::CopiedFile one{text_of(file, "path"), text_of(file, "sha256")};
    if (!is_below(one.path)) return damaged("a file lies outside");
    info.files.push_back(std::move(one));
  }
  return info;
}

Result<std::string> read_text(const std::filesystem::path& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!fd) return Error{errno == ENOENT ? std::string() : std::generic_category().message(errno)};
  std::string text;
  char block[16'384];
  for (;;) {
    const ssize_t n = ::read(fd.get(), block, sizeof block);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Error{std::generic_category().message(errno)};
    if (n == 0) return text;
    text.append(block, static_cast<std::size_t>(n));
    if (text.size() > longest_text) return Error{"is too large"};
  }
}

}  // namespace kclhost::host::store
