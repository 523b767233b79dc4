// Words to a service manager, as systemd takes them (sd_notify(3)): one datagram each, to the socket that NOTIFY_SOCKET
// names.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "support/fd.hpp"
#include "support/result.hpp"

namespace kclhost::host::launch {

// Never waits: what the reader has no room for is sent by a later flush(), in its order. Not thread-safe.
class Notify {
 public:
  // `name` is what NOTIFY_SOCKET says; nothing when that is empty. The error is one line.
  static Result<std::optional<Notify>> open(std::string_view name);

  void say(std::string message);
  // False: something still waits for room.
  bool flush();

 private:
  Notify() = default;

  Fd fd_;
  sockaddr_un to_{};
  socklen_t size_ = 0;
  std::deque<std::string> waiting_;
};

}  // namespace kclhost::host::launch
