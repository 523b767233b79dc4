// SIGINT and SIGTERM as a request to end after the work in hand.
#pragma once

#include <chrono>
#include <optional>

namespace kclhost::host::put {

// While one exists, the first SIGINT or SIGTERM only makes requested() true; a second one ends the process with
// 128 + its number, as process 1 too. At most one at a time, in a program with one thread.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  static bool requested();
  // SIGTERM or SIGINT; only when a stop is requested.
  static const char* name();
  // Returns when the time is over, or at once when a stop is requested.
  static void wait(std::chrono::nanoseconds time);

  enum class Input { ready, none, stopped };
  // Waits for something to read, or the end, on a descriptor, and no longer than `patience` when that is given.
  static Input wait_for_input(int fd, std::optional<std::chrono::nanoseconds> patience);
};

}  // namespace kclhost::host::put
