// What the KCL waits for when an application is new, told while it waits.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "launch/kcl_signs.hpp"
#include "support/event_loop.hpp"

namespace kclhost::host::launch {

// Says nothing of an application that has leases: it goes on within seconds. Not thread-safe.
class ColdStart {
 public:
  // The daemon's leaseAssignmentIntervalMillis.
  explicit ColdStart(std::chrono::milliseconds lease_interval) : lease_interval_(lease_interval) {}

  // One line for a person about the wait that the sign begins, or nothing: once for each wait, and not within ten
  // seconds of the line before.
  std::string line_for(Sign sign, Clock::time_point now);

 private:
  const std::chrono::milliseconds lease_interval_;
  Sign last_ = Sign::none;  // of the waits, the latest that has begun
  bool over_ = false;       // there is a shard, so all that is said here has come true
  std::optional<Clock::time_point> said_at_;
};

}  // namespace kclhost::host::launch
