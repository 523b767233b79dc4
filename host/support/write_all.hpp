// Writing to a descriptor that may take less at a time.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <string_view>

namespace kclhost::host {

// Writes all of it to a descriptor that waits, also when signals come between. False with errno when it can't be
// written; a part may have been.
[[nodiscard]] inline bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

}  // namespace kclhost::host
