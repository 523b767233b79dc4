// Launch's own standard output and standard error, which may have no reader for a while.
#pragma once

#include <chrono>
#include <string_view>

#include "observe/outlet.hpp"
#include "support/fd.hpp"

namespace kclhost::host::launch {

// Never waits for a reader. While one is slow, held_back() asks those who have more to keep it, so that nothing is
// lost; once it has taken nothing for a second, it has stalled: then what does not fit into 256 KiB is dropped and
// counted, for each of the two, and a line says so when it reads again. Not thread-safe.
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

  // Whether more should wait where it is. May change with every call of write or flush.
  bool held_back() const;

  // Can be read when flush() is worth calling, so that a loop that waits for input can wait for room too.
  int fd() const { return room_.get(); }
  void flush();
  void flush_for(std::chrono::milliseconds longest);

 private:
  struct Output {
    observe::Outlet outlet;
    bool watched = false;
    bool stalled = false;     // its reader took nothing for as long as we are patient
    std::size_t waiting = 0;  // bytes, when we looked last
  };

  void watch();
  void set_timer(bool on);

  Output outputs_[2];
  Fd room_;   // an epoll instance
  Fd timer_;  // runs while somebody is slow
  bool timer_on_ = false;
};

}  // namespace kclhost::host::launch
