// Launch's own standard output and standard error, which may have no reader for a while.
#pragma once

#include <chrono>
#include <string_view>

#include "observe/outlet.hpp"
#include "support/fd.hpp"

namespace kclhost::host::launch {

// Never waits for a reader: what does not fit into 256 KiB is dropped and counted, for each of the two, and a line says
// so. Not thread-safe.
class Outputs {
 public:
  Outputs();
  // Waits a second at most for what is left.
  ~Outputs();
  Outputs(const Outputs&) = delete;
  Outputs& operator=(const Outputs&) = delete;

  // To STDOUT_FILENO or STDERR_FILENO, as it is.
  void write(int out, std::string_view text);
  // "kclhost: message" and a newline, on standard error.
  void complain(std::string_view message);

  // Can be read when flush() is worth calling, so that a loop that waits for input can wait for room too.
  int fd() const { return room_.get(); }
  void flush();
  void flush_for(std::chrono::milliseconds longest);

 private:
  void watch();

  observe::Outlet outlets_[2];
  bool watched_[2] = {false, false};
  Fd room_;  // an epoll instance
};

}  // namespace kclhost::host::launch
