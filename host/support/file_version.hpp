// By which a file is known to be another one, or to have been written, since somebody looked.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <filesystem>

namespace kclhost::host {

// All zero: there is no file, or it can't be looked at.
struct FileVersion {
  std::uint64_t inode = 0, size = 0;
  std::int64_t seconds = 0, nanoseconds = 0;  // when it was written last

  static FileVersion of(const struct stat& status) {
    return {status.st_ino, static_cast<std::uint64_t>(status.st_size), status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
  }
  // Follows links.
  static FileVersion of(const std::filesystem::path& file) {
    struct stat status {};
    return ::stat(file.c_str(), &status) == 0 ? of(status) : FileVersion{};
  }
  bool operator==(const FileVersion&) const = default;
};

}  // namespace kclhost::host
