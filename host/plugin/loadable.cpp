#include "plugin/loadable.hpp"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>
#include <vector>

#include "support/fd.hpp"
#include "support/sha256.hpp"

namespace kclhost::host::plugin {
namespace {

std::string reason() {
  return std::generic_category().message(errno);
}

Result<Fd> open_loadable(const std::filesystem::path& path, std::size_t& size) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) return Error{"can't be opened: " + reason()};
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return Error{"can't be examined: " + reason()};
  if (std::string why = objection(status); !why.empty()) return Error{std::move(why)};
  size = static_cast<std::size_t>(status.st_size);
  return fd;
}

ssize_t read_some(int fd, char* to, std::size_t most) {
  for (;;) {
    const ssize_t n = ::read(fd, to, most);
    if (n >= 0 || errno != EINTR) return n;
  }
}

}  // namespace

std::string objection(const struct stat& status) {
  if (S_ISDIR(status.st_mode)) return "is a directory; name the .so file";
  if (!S_ISREG(status.st_mode)) return "is no regular file";
  if (status.st_mode & (S_IWGRP | S_IWOTH)) {
    char mode[8];
    std::snprintf(mode, sizeof mode, "%04o", static_cast<unsigned>(status.st_mode & 07777));
    return std::string("is writable by its group or by others (mode ") + mode + "); chmod go-w it";
  }
  if (status.st_uid != 0 && status.st_uid != ::geteuid()) {
    std::string why = "belongs to user " + std::to_string(status.st_uid) + "; chown it to root";
    if (::geteuid() != 0) why += " or to user " + std::to_string(::geteuid()) + ", who runs this";
    return why;
  }
  return {};
}

bool writable_for_all(const std::filesystem::path& folder) {
  struct stat about {};
  struct statvfs disk {};
  if (::stat(folder.c_str(), &about) != 0 || (about.st_mode & S_IWOTH) == 0 || (about.st_mode & S_ISVTX) != 0)
    return false;
  return ::statvfs(folder.c_str(), &disk) != 0 || (disk.f_flag & ST_RDONLY) == 0;
}

Result<std::string> read_loadable(const std::filesystem::path& path) {
  std::size_t size = 0;
  const Result<Fd> fd = open_loadable(path, size);
  if (!fd) return Error{fd.error()};
  std::string bytes(size, '\0');
  std::size_t have = 0;
  while (have < size) {
    const ssize_t n = read_some(fd->get(), bytes.data() + have, size - have);
    if (n < 0) return Error{"can't be read: " + reason()};
    if (n == 0) break;
    have += static_cast<std::size_t>(n);
  }
  bytes.resize(have);
  return bytes;
}

Result<std::string> hash_loadable(const std::filesystem::path& path) {
  std::size_t size = 0;
  const Result<Fd> fd = open_loadable(path, size);
  if (!fd) return Error{fd.error()};
  Sha256 hash;
  std::vector<char> piece(std::size_t{64} << 10);
  while (const ssize_t n = read_some(fd->get(), piece.data(), piece.size())) {
    if (n < 0) return Error{"can't be read: " + reason()};
    hash.add({piece.data(), static_cast<std::size_t>(n)});
  }
  return hash.hex();
}

}  // namespace kclhost::host::plugin
