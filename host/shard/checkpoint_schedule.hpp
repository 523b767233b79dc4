// What is finished, what the lease table knows of it, and when it is told.
#pragma once

#include "batch/position.hpp"
#include "shard/actions.hpp"

namespace kclhost::host {

class CheckpointSchedule {
 public:
  CheckpointSchedule(const config::Checkpoint& config, Time now) : config_(config), last_(now) {}

  // Everything up to and including this record is finished.
  void finished(const Position& position) { finished_.set(position.sequence_number, position.sub_sequence_number); }
  // The lease table has it.
  void recorded(const Position& position) { recorded_.set(position.sequence_number, position.sub_sequence_number); }
  void lease_lost() { lease_lost_ = true; }
  // A try begins. Whatever comes of it, the next one is an interval away: a throttled table is not helped by more
  // writes.
  void tried(Time now) { last_ = now; }

  const Position& finished() const { return finished_; }
  const Position& recorded() const { return recorded_; }
  bool is_lease_lost() const { return lease_lost_; }
  bool anything_new() const { return !lease_lost_ && recorded_ < finished_; }
  // When a checkpoint is due; never when there is nothing new.
  Time due_at() const { return anything_new() ? last_ + config_.interval : never; }

 private:
  const config::Checkpoint& config_;
  Position finished_, recorded_;
  Time last_;
  bool lease_lost_ = false;
};

}  // namespace kclhost::host
