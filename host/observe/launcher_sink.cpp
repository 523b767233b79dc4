#include "observe/launcher_sink.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

namespace kclhost::host::observe {
namespace {

// Out of the way of plugins that close the low descriptors.
constexpr int lowest_fd = 100;
// Well below what a datagram may hold by default (net.core.wmem_default).
constexpr std::size_t longest_line = 128 * 1024;

}  // namespace

LauncherSink::LauncherSink(const std::string& socket_path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_path.size() >= sizeof address.sun_path) return;
  std::memcpy(address.sun_path, socket_path.data(), socket_path.size());
  Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket || ::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return;
  socket_.reset(::fcntl(socket.get(), F_DUPFD_CLOEXEC, lowest_fd));
}

void LauncherSink::sink_it_(const spdlog::details::log_msg& message) {
  // Cut to fit, a line would no longer be JSON.
  if (socket_ && message.payload.size() <= longest_line) {
    ssize_t sent;
    do {
      sent = ::send(socket_.get(), message.payload.data(), message.payload.size(), MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent >= 0) return;
    socket_.reset();
  }
  std::string line(message.payload.data(), message.payload.size());
  line += '\n';
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace kclhost::host::observe
