// SIGTERM, SIGINT and SIGHUP as a wish to end in good order.
#pragma once

#include <csignal>
#include <string>

#include "support/event_loop.hpp"
#include "support/fd.hpp"

namespace kclhost::host::cli {

// As long as it lives the signals (those that this process was not started to ignore) end nothing: they are counted in
// the loop's turns. One at a time in a process, and one thread.
class Interruption {
 public:
  // The loop must outlive this. Where the system refuses the descriptor, the signals end the process as ever.
  explicit Interruption(EventLoop& loop);
  ~Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  bool wanted() const { return count_ != 0; }
  // Somebody has lost patience.
  bool wanted_at_once() const { return count_ > 1; }
  // Of the first one; max() before it.
  Clock::time_point since() const { return since_; }
  // "SIGTERM".
  std::string signal_name() const;

 private:
  void on_signal();

  EventLoop& loop_;
  sigset_t before_{};
  Fd fd_;
  int count_ = 0;
  int signal_ = 0;
  Clock::time_point since_ = Clock::time_point::max();
};

}  // namespace kclhost::host::cli
