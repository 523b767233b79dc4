// What came of a shard's life on a stage.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "batch/position.hpp"
#include "plugin/call.hpp"

namespace kclhost::host::conformance {

// A call that a worker was sent.
struct CallMade {
  WorkerId worker{};
  Call call{};
  bool over = false;
  Outcome outcome;             // where it is over
  std::optional<Death> death;  // that it died of; not one of the scene's making
};

// A record that was set aside.
struct Letter {
  std::string sequence_number;
  std::int64_t sub_sequence_number = 0;
  std::string code, text;  // "DIED", "FAILED", "REJECTED"; why
};

struct Course {
  std::vector<CallMade> calls;
  std::vector<Death> deaths_between_calls;
  std::vector<Letter> letters;
  std::vector<std::string> printed;      // on standard output
  std::vector<std::string> complaints;   // what the host says of the worker
  std::vector<std::string> refusals;     // checkpoints that the shard did not even send on
  std::size_t checkpoints = 0;           // that reached the lease table
  std::size_t stubborn_checkpoints = 0;  // asked for in a call that was told before that the lease is lost
  std::size_t calls_since_refused = 0;   // in which it could have checkpointed what the scene had refused
  std::uint64_t covered = 0;             // records that the last of them covers, at the end of the life
  bool end_recorded = false;             // the shard's end is in it
  std::uint64_t acknowledged_late = 0;   // records, when lease_lost had returned
  std::uint64_t held = 0;                // records that nobody has finished, when the shard was asked to shut down
  std::optional<std::string> loading;    // why the plugin could not be loaded
  std::optional<std::string> end;        // the shard has ended by itself, and why
  bool stuck = false;                    // nothing more can be played: an instance did not come up, or hangs
};

}  // namespace kclhost::host::conformance
