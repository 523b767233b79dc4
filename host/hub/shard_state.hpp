// What a host says of itself and its shard.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "support/result.hpp"

namespace kclhost::host::hub {

// Times are milliseconds since the epoch, 0 for never. Texts may be empty.
struct ShardState {
  struct Lane {
    std::int64_t lane = 0;
    std::string worker;           // "none", or how far its worker is: "loading", "loaded", "created", "ready", "ending"
    std::int64_t generation = 0;  // its workers so far

    bool operator==(const Lane&) const = default;
  };

  std::string stream, application;
  std::string shard;  // empty until the daemon has said which
  std::int64_t pid = 0;
  std::int64_t started_ms = 0;
  std::string plugin, version, sha256, release;
  bool on_trial = false;  // that release is
  // The daemon's message in hand ("processRecords"); "idle" when there is none, "starting" before the first.
  std::string phase;
  // Since then nothing got on, while there was something to do: 0 when there is nothing.
  std::int64_t waiting_since_ms = 0;
  bool blocked = false;         // by on_error.then: block
  std::int64_t behind_ms = -1;  // the stream's newest record; -1: not known
  std::string position;         // the last finished record, SEQUENCE/SUB
  std::string checkpoint;       // the last that is recorded
  std::int64_t checkpoint_ms = 0;
  // Since then there are records that no checkpoint covers; 0: there are none.
  std::int64_t uncovered_since_ms = 0;
  // Since then checkpoints fail, for another reason than a lost lease; 0: they do not.
  std::int64_t checkpoints_fail_since_ms = 0;
  std::string checkpoint_error;
  std::int64_t finished = 0;      // records, by this process
  std::int64_t unfinished = 0;    // records
  std::int64_t dead_letters = 0;  // records, by this process
  std::int64_t skipped = 0;
  std::int64_t restarts = 0;  // of workers
  std::int64_t error_ms = 0;
  std::string error;  // the last line at level error
  std::vector<Lane> lanes;
  std::vector<std::string> log;  // the host's last lines, oldest first; long ones are cut

  bool operator==(const ShardState&) const = default;
};

std::string to_json(const ShardState& state);
// What is missing stays as it is by default, what is not known is passed over.
Result<ShardState> parse_shard_state(std::string_view json);

}  // namespace kclhost::host::hub
