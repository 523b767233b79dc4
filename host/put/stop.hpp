// SIGINT and SIGTERM as a request to end after the work in hand.
#pragma once

#include <chrono>

namespace kclhost::host::put {

// While one exists, the first SIGINT or SIGTERM only makes requested() true; a second one ends the process. At most one
// at a time, in a program with one thread.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  static bool requested();
  // Returns when the time is over, or at once when a stop is requested.
  static void wait(std::chrono::nanoseconds time);
};

}  // namespace kclhost::host::put
