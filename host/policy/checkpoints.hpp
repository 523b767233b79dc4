// When the shard's progress is recorded, and how patiently.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "batch/position.hpp"
#include "config/config.hpp"
#include "processor/call.hpp"
#include "support/event_loop.hpp"

namespace kclhost::host::policy {

// What Checkpoints needs of the session.
class CheckpointRoute {
 public:
  virtual ~CheckpointRoute() = default;
  // One exchange with the daemon.
  virtual processor::CheckpointAnswer exchange(std::optional<std::string_view> sequence_number,
                                               std::optional<std::int64_t> sub_sequence_number) = 0;
  // Lets the time pass; false when the session must end instead.
  virtual bool pause(config::Milliseconds duration) = 0;
  virtual void warn(std::string_view text) = 0;
};

// The place that a processor is done with, and the place the lease table knows. Host's thread only.
class Checkpoints {
 public:
  Checkpoints(const config::Checkpoint& config, CheckpointRoute& route);

  // Sends a checkpoint; what is retryable is tried again with backoff. After a lost lease nothing is sent any more.
  processor::CheckpointAnswer send(std::optional<std::string_view> sequence_number,
                                   std::optional<std::int64_t> sub_sequence_number);

  // ---- For processors whose progress the host records
  // Everything up to and including this record is done.
  void finished(std::string_view sequence_number, std::int64_t sub_sequence_number);
  // Records what is finished: once the interval has passed, or at once. Failures are logged, and it stays due.
  void record_if_due();
  void record_now();
  // The daemon's own "everything delivered", for a shard's end. True when it was accepted.
  bool record_all();

  // The lease is lost, as a checkpoint's answer told.
  bool lease_lost() const { return lease_lost_; }

 private:
  const config::Checkpoint& config_;
  CheckpointRoute& route_;
  Position finished_, recorded_;
  Clock::time_point last_;
  bool lease_lost_ = false;
};

}  // namespace kclhost::host::policy
