#include "replay/output_file.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "support/may_write.hpp"

namespace kclhost::host::replay {
namespace {

std::string begin(const std::filesystem::path& file, std::string_view what) {
  return file.string() + ": the " + std::string(what) + " cannot be written there: ";
}

}  // namespace

std::optional<Error> why_not_written(const std::filesystem::path& file, std::string_view what) {
  std::error_code code;
  if (!std::filesystem::exists(file, code)) return why_not_replaced(file, what);
  const int error = std::filesystem::is_directory(file, code) ? EISDIR : why_not_used(file, W_OK);
  if (error == 0) return std::nullopt;
  return Error{begin(file, what) + std::strerror(error) + "; name another file"};
}

std::optional<Error> why_not_replaced(const std::filesystem::path& file, std::string_view what) {
  const std::filesystem::path folder = file.has_parent_path() ? file.parent_path() : ".";
  const int error = why_no_file_in(folder);
  if (error == 0) return std::nullopt;
  return Error{begin(file, what) + folder.string() + ": " + std::strerror(error) +
               (error == ENOENT ? "; make the folder, or name another" : "; name a folder that takes files")};
}

}  // namespace kclhost::host::replay
