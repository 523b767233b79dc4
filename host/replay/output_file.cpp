#include "replay/output_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace kclhost::host::replay {
namespace {

// 0, or the errno for which the process may not use the path so.
int refusal(const std::filesystem::path& path, int wish) {
  return ::faccessat(AT_FDCWD, path.c_str(), wish, AT_EACCESS) == 0 ? 0 : errno;
}

std::string begin(const std::filesystem::path& file, std::string_view what) {
  return file.string() + ": the " + std::string(what) + " cannot be written there: ";
}

}  // namespace

std::optional<Error> why_not_written(const std::filesystem::path& file, std::string_view what) {
  std::error_code code;
  if (!std::filesystem::exists(file, code)) return why_not_replaced(file, what);
  const int error = std::filesystem::is_directory(file, code) ? EISDIR : refusal(file, W_OK);
  if (error == 0) return std::nullopt;
  return Error{begin(file, what) + std::strerror(error) + "; name another file"};
}

std::optional<Error> why_not_replaced(const std::filesystem::path& file, std::string_view what) {
  const std::filesystem::path folder = file.has_parent_path() ? file.parent_path() : ".";
  std::error_code code;
  int error = refusal(folder, W_OK | X_OK);
  if (std::filesystem::exists(folder, code) && !std::filesystem::is_directory(folder, code)) error = ENOTDIR;
  if (error == 0) return std::nullopt;
  return Error{begin(file, what) + folder.string() + ": " + std::strerror(error) +
               (error == ENOENT ? "; make the folder, or name another" : "; name a folder that takes files")};
}

}  // namespace kclhost::host::replay
