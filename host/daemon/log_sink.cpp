#include "daemon/log_sink.hpp"

#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <random>
#include <string_view>

namespace kclhost::daemon {
namespace {

namespace fs = std::filesystem;

// More than a datagram can hold by default (net.core.wmem_default).
constexpr std::size_t longest_line = 256 * 1024;

std::string unique_name() {
  std::random_device random;
  return "log-" + std::to_string(::getpid()) + "-" + std::to_string(random()) + ".sock";
}

void write_line(int out, std::string_view line) {
  while (!line.empty()) {
    const ssize_t written = ::write(out, line.data(), line.size());
    if (written >= 0) {
      line.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {  // somebody we share it with has made it non-blocking
      pollfd writable{out, POLLOUT, 0};
      ::poll(&writable, 1, -1);
    } else if (errno != EINTR) {
      return;  // nobody reads our log: that is no reason to stop a daemon
    }
  }
}

}  // namespace

Result<LogSink> LogSink::open(const fs::path& directory) {
  LogSink sink;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  sink.path_ = directory / unique_name();
  if (sink.path_.native().size() >= sizeof address.sun_path) {
    char made[] = "/tmp/kclhost-XXXXXX";
    if (!::mkdtemp(made)) return Error{std::string("/tmp: cannot make a directory: ") + std::strerror(errno)};
    sink.own_directory_ = made;
    sink.path_ = sink.own_directory_ / "log.sock";
  }
  std::memcpy(address.sun_path, sink.path_.c_str(), sink.path_.native().size());
  sink.socket_.reset(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!sink.socket_ || ::bind(sink.socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    return Error{sink.path_.string() + ": cannot make a socket here: " + std::strerror(errno)};
  }
  return sink;
}

LogSink::~LogSink() {
  if (!socket_) return;
  ::unlink(path_.c_str());
  if (!own_directory_.empty()) ::rmdir(own_directory_.c_str());
}

bool LogSink::forward(int out, int most) {
  bool any = false;
  for (int i = 0; i < most; ++i) {
    line_.resize(longest_line);
    const ssize_t size = ::recv(socket_.get(), line_.data(), line_.size() - 1, 0);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) break;
    any = true;
    line_.resize(static_cast<std::size_t>(size));
    line_ += '\n';
    write_line(out, line_);
  }
  return any;
}

}  // namespace kclhost::daemon
