#include "records/text_file.hpp"

namespace kclhost::host::records {
namespace {

using namespace std::string_view_literals;

struct Compression {
  std::string_view start;
  std::string_view name;
  std::string_view unpack;  // the command that writes what is in a file to standard output
};

constexpr Compression compressions[] = {
    {"\x1f\x8b"sv, "gzip", "zcat"},
    {"\x28\xb5\x2f\xfd"sv, "zstd", "zstdcat"},
    {"\xfd"
     "7zXZ\0"sv,
     "xz", "xzcat"},
    {"BZh"sv, "bzip2", "bzcat"},
    {"\x04\x22\x4d\x18"sv, "lz4", "lz4cat"},
    {"PK\x03\x04"sv, "zip", "unzip -p"},
};

// Text may begin with BZh too; a compressed file goes on with a digit and the mark of a block or of the end.
bool is_bzip2(std::string_view start) {
  constexpr std::string_view block = "1AY&SY", end = "\x17rE8P\x90";
  return start.size() >= 10 && start[3] >= '1' && start[3] <= '9' &&
         (start.substr(4, block.size()) == block || start.substr(4, end.size()) == end);
}

}  // namespace

std::optional<std::string> why_not_lines(std::string_view start, const std::string& name, std::string_view command) {
  for (const Compression& compression : compressions) {
    if (!start.starts_with(compression.start)) continue;
    if (compression.name == "bzip2" && !is_bzip2(start)) continue;
    const std::string from = name == "-" ? "FILE" : name;
    return "compressed with " + std::string(compression.name) +
           "; unpack it on the way: " + std::string(compression.unpack) + " " + from + " | kclhost " +
           std::string(command) + " ... -";
  }
  if (start.starts_with("\xff\xfe"sv) || start.starts_with("\xfe\xff"sv)) {
    return "UTF-16 text, by its byte order mark; save it as UTF-8";
  }
  return std::nullopt;
}

std::size_t byte_order_mark(std::string_view start) {
  constexpr std::string_view mark = "\xef\xbb\xbf";
  return start.starts_with(mark) ? mark.size() : 0;
}

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

}  // namespace kclhost::host::records
