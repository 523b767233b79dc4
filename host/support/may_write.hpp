// Whether a folder takes files, asked before one is to be made.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

namespace kclhost::host {

// 0, or the errno for which the process may not use the path so: W_OK, X_OK or both.
inline int why_not_used(const std::filesystem::path& path, int wish) {
  return ::faccessat(AT_FDCWD, path.c_str(), wish, AT_EACCESS) == 0 ? 0 : errno;
}

// 0, or the errno for which the process can make no file in the folder.
inline int why_no_file_in(const std::filesystem::path& folder) {
  struct stat status {};
  if (::stat(folder.c_str(), &status) != 0) return errno;
  return S_ISDIR(status.st_mode) ? why_not_used(folder, W_OK | X_OK) : ENOTDIR;
}

}  // namespace kclhost::host
