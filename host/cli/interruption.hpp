// SIGTERM, SIGINT and SIGHUP as a wish to end in good order.
#pragma once

#include <csignal>
#include <string>

#include "support/event_loop.hpp"
#include "support/fd.hpp"

namespace kclhost::host::cli {

// As long as it lives the signals (those that this process was not started to ignore) end nothing: they are seen in
// the loop's turns. One at a time in a process, and one thread.
class Interruption {
 public:
  // The loop must outlive this. Where the system refuses the descriptor, the signals end the process as ever.
  explicit Interruption(EventLoop& loop);
  ~Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  bool wanted() const { return signal_ != 0; }
  // Somebody has lost patience: another one came, a second or more after the first.
  bool wanted_at_once() const { return at_once_; }
  // Of the first one; max() before it.
  Clock::time_point since() const { return since_; }
  // "SIGTERM".
  std::string signal_name() const;

 private:
  void on_signal();

  EventLoop& loop_;
  sigset_t before_{};
  Fd fd_;
  bool at_once_ = false;
  int signal_ = 0;  // the first; 0: none so far
  Clock::time_point since_ = Clock::time_point::max();
};

}  // namespace kclhost::host::cli
