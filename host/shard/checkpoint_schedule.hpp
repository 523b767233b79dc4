// What is finished, what the lease table knows of it, and when it is told.
#pragma once

#include <algorithm>

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
  void tried(Time now) {
    last_ = now;
    tried_.set(finished_.sequence_number, finished_.sub_sequence_number);
  }

  const Position& finished() const { return finished_; }
  const Position& recorded() const { return recorded_; }
  bool is_lease_lost() const { return lease_lost_; }
  bool anything_new() const { return !lease_lost_ && recorded_ < finished_; }
  // A try has failed for good, and there is none before this time but at a record that was not tried yet.
  void refused(Time until) { not_before_ = until; }
  // There was no try at a checkpoint of all that is finished.
  bool is_untried() const { return tried_ < finished_; }
  // When a checkpoint is due; never when there is nothing new.
  Time due_at() const { return anything_new() ? std::max(last_ + config_.interval, not_before_) : never; }

 private:
  const config::Checkpoint& config_;
  Position finished_, recorded_, tried_;
  Time last_, not_before_{0};
  bool lease_lost_ = false;
};

}  // namespace kclhost::host
