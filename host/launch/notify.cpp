#include "launch/notify.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

namespace kclhost::host::launch {

Result<std::optional<Notify>> Notify::open(std::string_view path) {
  if (path.empty()) return std::optional<Notify>();
  const auto unfit = [&path](const std::string& why) {
    return Error{"NOTIFY_SOCKET=" + std::string(path) + ": " + why + ", so the service manager is told nothing"};
  };
  if (path[0] != '/' && path[0] != '@') return unfit("neither a path nor an abstract name");
  Notify made;
  if (path.size() >= sizeof made.to_.sun_path) return unfit("longer than a socket's name can be");
  made.to_.sun_family = AF_UNIX;
  std::copy(path.begin(), path.end(), made.to_.sun_path);
  if (path[0] == '@') made.to_.sun_path[0] = '\0';
  // An abstract name has no end of its own.
  made.size_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + (path[0] == '/' ? 1 : 0));
  made.fd_.reset(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!made.fd_) return unfit(std::strerror(errno));
  return std::optional<Notify>(std::move(made));
}

void Notify::say(std::string message) {
  waiting_.push_back(std::move(message));
  flush();
}

bool Notify::flush() {
  while (!waiting_.empty()) {
    const std::string& message = waiting_.front();
    const ssize_t sent = ::sendto(fd_.get(), message.data(), message.size(), MSG_NOSIGNAL,
                                  reinterpret_cast<const sockaddr*>(&to_), size_);
    if (sent < 0 && (errno == EAGAIN || errno == ENOBUFS || errno == EINTR)) return false;
    waiting_.pop_front();  // also where nobody is there any more
  }
  return true;
}

}  // namespace kclhost::host::launch
