#include "plugin/loadable.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

#include "support/fd.hpp"

namespace kclhost::host::plugin {
namespace {

std::string reason() {
  return std::generic_category().message(errno);
}

bool read_bytes(int fd, std::size_t expected, std::string& bytes) {
  bytes.resize(expected);
  std::size_t have = 0;
  while (have < bytes.size()) {
    const ssize_t n = ::read(fd, bytes.data() + have, bytes.size() - have);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    if (n == 0) break;
    have += static_cast<std::size_t>(n);
  }
  bytes.resize(have);
  return true;
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
    return "belongs to user " + std::to_string(status.st_uid) + "; it must be root's or your own";
  }
  return {};
}

Result<std::string> read_loadable(const std::filesystem::path& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) return Error{"can't be opened: " + reason()};
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return Error{"can't be examined: " + reason()};
  if (std::string why = objection(status); !why.empty()) return Error{std::move(why)};
  std::string bytes;
  if (!read_bytes(fd.get(), static_cast<std::size_t>(status.st_size), bytes))
    return Error{"can't be read: " + reason()};
  return bytes;
}

}  // namespace kclhost::host::plugin
