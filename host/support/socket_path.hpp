// The address of a Unix socket, however long its path is.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <filesystem>

#include "support/fd.hpp"

namespace kclhost::host {

// An address has room for 107 bytes. The way through a descriptor of the socket's folder is short, however long the
// path is; it holds while this lives.
class SocketPath {
 public:
  // `path` names a folder too. Where that can't be opened, the address is not valid, and errno says why.
  explicit SocketPath(const std::filesystem::path& path);

  bool valid() const { return valid_; }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address_); }
  static constexpr socklen_t size = sizeof(sockaddr_un);

 private:
  Fd folder_;
  sockaddr_un address_{};
  bool valid_ = false;
};

}  // namespace kclhost::host
