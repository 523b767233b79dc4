// Where a shard stands.
#pragma once

#include <exception>
#include <string>
#include <utility>

#include "batch/position.hpp"

namespace kclhost::host::session {

struct ShardState {
  std::string shard_id;
  bool greeted = false;  // the daemon's initialize was answered: later instances take over from earlier ones
  Position position;     // the last finished record, or where the daemon said to begin
  // For a plugin that checkpoints for itself:
  Position delivered;  // the last record its instance was given
  Position accepted;   // the last record of a call that it said OK to
  Position recorded;   // what it has checkpointed
  bool shard_end_recorded = false;
  // It holds records that a new instance would not get.
  bool holds_records() const { return recorded < accepted; }

  // A Stop that was thrown while a plugin's call was on the stack, to go on once that is over.
  std::exception_ptr stop;
  void go_on_with_stop() {
    if (stop) std::rethrow_exception(std::exchange(stop, nullptr));
  }
};

}  // namespace kclhost::host::session
