#include "aws/shared_config.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string_view>

#include "aws/errors.hpp"

namespace kclhost::host::aws {
namespace {

constexpr std::string_view blanks = " \t\r";

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

// A comment inside a line begins after white space: keys may hold '#'.
std::string_view without_comment(std::string_view value) {
  for (std::size_t i = 1; i < value.size(); ++i) {
    if ((value[i] == '#' || value[i] == ';') && blanks.find(value[i - 1]) != std::string_view::npos) {
      return trim(value.substr(0, i));
    }
  }
  return value;
}

std::string_view unquoted(std::string_view name) {
  const bool quoted = name.size() >= 2 && (name.front() == '"' || name.front() == '\'') && name.back() == name.front();
  return quoted ? name.substr(1, name.size() - 2) : name;
}

// The name behind "profile" or "services" in a section's header.
std::optional<std::string> named(std::string_view header, std::string_view kind) {
  if (!header.starts_with(kind) || header.size() == kind.size()) return std::nullopt;
  if (blanks.find(header[kind.size()]) == std::string_view::npos) return std::nullopt;
  return std::string(unquoted(trim(header.substr(kind.size()))));
}

// The section that a header begins, made if need be; null: one that is of no concern. The config file writes [profile
// NAME], but [default]; the credentials file [NAME].
Profile* section(std::string_view line, bool config_file, SharedFile& file) {
  const auto end = line.find(']');
  if (end == std::string_view::npos) return nullptr;
  const std::string_view header = trim(line.substr(1, end - 1));
  if (!config_file || header == "default") return &file.profiles[std::string(unquoted(header))];
  if (const auto name = named(header, "profile")) return &file.profiles[*name];
  if (const auto name = named(header, "services")) return &file.services[*name];
  return nullptr;
}

SharedFile read_shared_file(const std::string& path, bool config_file) {
  if (path.empty()) return {};
  errno = 0;
  std::ifstream in(path);
  if (!in) {
    if (errno == ENOENT || errno == ENOTDIR) return {};
    throw ConfigurationError(path + ": " + std::strerror(errno));
  }
  std::ostringstream text;
  text << in.rdbuf();
  return parse_shared_file(text.str(), config_file);
}

std::optional<Profile> find(const std::map<std::string, Profile>& sections, const std::string& name) {
  const auto found = sections.find(name);
  return found == sections.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace

std::optional<std::string> SharedConfig::get(const std::string& name) const {
  if (!profile) return std::nullopt;
  const auto found = profile->find(name);
  if (found == profile->end() || found->second.empty()) return std::nullopt;
  return found->second;
}

SharedFile parse_shared_file(std::string_view text, bool config_file) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  SharedFile file;
  Profile* current = nullptr;
  std::string parent;  // the setting without a value that indented ones belong to, such as "s3 ="
  while (!text.empty()) {
    const std::string_view whole = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(whole.size() + 1, text.size()));
    const std::string_view line = trim(whole);
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    if (line.front() == '[') {
      current = section(line, config_file, file);
      parent.clear();
      continue;
    }
    const auto equals = line.find('=');
    const bool nested = blanks.find(whole.front()) != std::string_view::npos;
    if (current == nullptr || equals == std::string_view::npos || (nested && parent.empty())) continue;
    std::string name(trim(line.substr(0, equals)));
    const std::string_view value = without_comment(trim(line.substr(equals + 1)));
    if (!nested) parent = value.empty() ? name : std::string();
    (*current)[nested ? parent + '.' + name : name] = std::string(value);
  }
  return file;
}

SharedConfig load_shared_config(const Environment& environment) {
  SharedConfig shared;
  const auto home = environment("HOME");
  const auto file = [&](const char* variable, const char* name) {
    if (const auto given = environment(variable)) return *given;
    return home ? *home + "/.aws/" + name : std::string();
  };
  shared.credentials_file = file("AWS_SHARED_CREDENTIALS_FILE", "credentials");
  shared.config_file = file("AWS_CONFIG_FILE", "config");
  const auto chosen = environment("AWS_PROFILE");
  shared.profile_named = chosen.has_value();
  shared.profile_name = chosen.value_or("default");
  shared.profile = find(read_shared_file(shared.credentials_file, false).profiles, shared.profile_name);
  const SharedFile config = read_shared_file(shared.config_file, true);
  if (auto more = find(config.profiles, shared.profile_name)) {
    if (shared.profile) {
      shared.profile->merge(*more);
    } else {
      shared.profile = std::move(more);
    }
  }
  if (const auto services = shared.get("services")) shared.services = find(config.services, *services);
  return shared;
}

}  // namespace kclhost::host::aws
