#include "launch/log_sink.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "support/random_seed.hpp"
#include "support/socket_path.hpp"

namespace kclhost::host::launch {
namespace {

namespace fs = std::filesystem;

// More than a datagram can hold by default (net.core.wmem_default).
constexpr std::size_t longest_datagram = 256 * 1024;

std::string unique_name() {
  return "log-" + std::to_string(::getpid()) + "-" + std::to_string(random_seed()) + ".sock";
}

// A socket that nobody receives from is what a launch left that was killed.
void remove_stale(const fs::path& directory) {
  std::error_code failure;
  for (fs::directory_iterator entry(directory, failure), end; !failure && entry != end; entry.increment(failure)) {
    const std::string name = entry->path().filename().string();
    if (!name.starts_with("log-") || !name.ends_with(".sock") || !entry->is_socket(failure)) continue;
    const SocketPath address(entry->path());
    const Fd probe(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (probe && address.valid() && ::connect(probe.get(), address.get(), SocketPath::size) != 0 &&
        errno == ECONNREFUSED) {
      ::unlink(entry->path().c_str());
    }
  }
}

}  // namespace

Result<LogSink> LogSink::open(const fs::path& directory) {
  remove_stale(directory);
  LogSink sink;
  sink.path_ = directory / unique_name();
  const SocketPath address(sink.path_);
  sink.socket_.reset(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!sink.socket_ || !address.valid() || ::bind(sink.socket_.get(), address.get(), SocketPath::size) != 0) {
    return Error{sink.path_.string() + ": cannot make a socket here: " + std::strerror(errno)};
  }
  return sink;
}

LogSink::~LogSink() {
  if (socket_) ::unlink(path_.c_str());
}

bool LogSink::forward(const Taker& take, int most) {
  bool any = false;
  for (int i = 0; i < most; ++i) {
    line_.resize(longest_datagram);
    const ssize_t size = ::recv(socket_.get(), line_.data(), line_.size() - 1, 0);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) break;
    any = true;
    line_.resize(static_cast<std::size_t>(size));
    line_ += '\n';
    take(line_);
  }
  return any;
}

}  // namespace kclhost::host::launch
