#include "doctor/zip_names.hpp"

#include <cstdint>
#include <string_view>

#include "launch/files.hpp"

namespace kclhost::host::doctor {
namespace {

// By the format's description: the directory's end, and one entry of the directory, without what has any length.
constexpr std::size_t end_size = 22, entry_size = 46, longest_comment = 65535;
constexpr std::string_view end_mark = "PK\5\6", entry_mark = "PK\1\2";

std::size_t number_at(std::string_view bytes, std::size_t at, std::size_t size) {
  std::size_t number = 0;
  for (std::size_t i = size; i-- > 0;) number = number << 8 | static_cast<unsigned char>(bytes[at + i]);
  return number;
}

}  // namespace

Result<std::vector<std::string>> zip_names(const std::filesystem::path& file) {
  const Error broken{"it is damaged, or was cut short"};
  std::error_code error;
  if (std::filesystem::file_size(file, error) < end_size) return broken;
  const auto text = launch::read_file(file);
  if (!text) return Error{"it can't be read"};
  const std::string_view bytes = *text;
  if (bytes.size() < end_size) return broken;
  const auto end = bytes.rfind(end_mark, bytes.size() - end_size);
  if (end == std::string_view::npos || bytes.size() - end > end_size + longest_comment) return broken;
  const std::size_t count = number_at(bytes, end + 10, 2);
  std::size_t at = number_at(bytes, end + 16, 4);
  std::vector<std::string> names;
  if (count == 0xFFFF || at == 0xFFFFFFFF) return names;
  if (at > end) return broken;
  while (names.size() < count) {
    if (end - at < entry_size || bytes.substr(at, entry_mark.size()) != entry_mark) return broken;
    const std::size_t name = number_at(bytes, at + 28, 2);
    const std::size_t rest = number_at(bytes, at + 30, 2) + number_at(bytes, at + 32, 2);
    if (end - at - entry_size < name + rest) return broken;
    names.emplace_back(bytes.substr(at + entry_size, name));
    at += entry_size + name + rest;
  }
  return names;
}

}  // namespace kclhost::host::doctor
