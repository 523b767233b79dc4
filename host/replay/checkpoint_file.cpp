#include "replay/checkpoint_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>

#include "support/fd.hpp"
#include "support/json.hpp"

namespace kclhost::host::replay {
namespace {

Error failed(const std::filesystem::path& file, const char* what, int error) {
  return {"the checkpoint cannot be written to " + file.string() + ": " + what + ": " + std::strerror(error)};
}

}  // namespace

Result<std::optional<Position>> load_checkpoint(const std::filesystem::path& file) {
  std::error_code code;
  if (!std::filesystem::exists(file, code) && !code) return std::optional<Position>();
  std::ifstream stream(file);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  if (stream.fail()) return Error{file.string() + ": the checkpoint cannot be read: " + std::strerror(errno)};

  auto position = parse_checkpoint(text);
  if (!position) return Error{file.string() + ": " + position.error()};
  return std::optional(std::move(*position));
}

Result<Position> parse_checkpoint(std::string_view text) {
  const Error error{R"(no checkpoint; it must hold {"sequenceNumber": "…", "subSequenceNumber": 0}, or be removed)"};
  rapidjson::Document document;
  if (json::parse(text, document) || !document.IsObject()) return error;
  const auto sequence_number = document.FindMember("sequenceNumber");
  if (sequence_number == document.MemberEnd() || !sequence_number->value.IsString()) return error;
  Position position{{sequence_number->value.GetString(), sequence_number->value.GetStringLength()}};
  if (const auto sub = document.FindMember("subSequenceNumber"); sub != document.MemberEnd()) {
    if (!sub->value.IsInt64() || sub->value.GetInt64() < 0) return error;
    position.sub_sequence_number = sub->value.GetInt64();
  }
  const bool named = position.sequence_number == shard_end || position.sequence_number == trim_horizon;
  if (!named && !is_number(position.sequence_number)) return error;
  return position;
}

std::optional<Error> store_checkpoint(const std::filesystem::path& file, const Position& position) {
  const std::string text = "{\"sequenceNumber\":\"" + position.sequence_number +
                           "\",\"subSequenceNumber\":" + std::to_string(position.sub_sequence_number) + "}\n";
  std::filesystem::path temporary = file;
  temporary += ".new";
  Fd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!fd) return failed(file, "open", errno);
  if (::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    return failed(file, "write", errno);
  if (::fsync(fd.get()) != 0) return failed(file, "fsync", errno);
  fd.reset();
  if (std::rename(temporary.c_str(), file.c_str()) != 0) return failed(file, "rename", errno);
  // Without this the rename itself may be lost.
  const std::filesystem::path folder = file.has_parent_path() ? file.parent_path() : ".";
  Fd folder_fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder_fd && ::fsync(folder_fd.get()) != 0 && errno != EINVAL) return failed(file, "fsync", errno);
  return std::nullopt;
}

}  // namespace kclhost::host::replay
