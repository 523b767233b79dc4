// Whom a file belongs to that root makes among another user's.
#pragma once

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

namespace kclhost::host {

// Root gives the file to the owner of `model`, whose programs could not open it otherwise; anyone else keeps it. False,
// with errno, when that can't be.
inline bool give_to_owner_of(const std::filesystem::path& model, int fd) {
  struct stat whose {};
  if (::geteuid() != 0 || ::stat(model.c_str(), &whose) != 0) return true;
  return ::fchown(fd, whose.st_uid, whose.st_gid) == 0;
}

}  // namespace kclhost::host
