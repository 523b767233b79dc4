// Where the log lines of the host processes arrive that a daemon runs: past the daemon, whose own log would wrap each
// of them in a line of its own at ERROR.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "support/fd.hpp"
#include "support/result.hpp"

namespace kclhost::host::launch {

// The environment variable that tells host processes the socket's path, which may be longer than a socket's address.
inline constexpr char log_socket_variable[] = "KCLHOST_LOG_SOCKET";

// A Unix datagram socket; each datagram is one finished line without its newline. Only the user that made it (and root)
// can send to it. Not thread-safe.
class LogSink {
 public:
  // Binds in `directory`, which must be private. Removes sockets in it that killed processes have left.
  static Result<LogSink> open(const std::filesystem::path& directory);
  LogSink(LogSink&&) = default;
  LogSink& operator=(LogSink&&) = delete;
  ~LogSink();  // removes the socket

  const std::filesystem::path& path() const { return path_; }
  int fd() const { return socket_.get(); }

  // Gives the lines that have arrived, at most `most` of them, to `take`, each with a newline. Says whether any had.
  using Taker = std::function<void(std::string_view line)>;
  bool forward(const Taker& take, int most = 64);

 private:
  LogSink() = default;

  Fd socket_;
  std::filesystem::path path_;
  std::string line_;
};

}  // namespace kclhost::host::launch
