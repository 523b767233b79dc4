// What a shard says of the releases that it runs.
#pragma once

#include <cstdint>
#include <string>

#include "rollout/state.hpp"

namespace kclhost::host::rollout {

// Of one release on one shard.
struct Tally {
  std::uint64_t records = 0;      // processed
  std::uint64_t failures = 0;     // calls that failed
  std::uint64_t crashes = 0;      // deaths of its workers
  std::uint64_t nanoseconds = 0;  // in process_records
  std::uint64_t resident = 0;     // bytes, the most that a worker took

  bool operator==(const Tally&) const = default;
};

// Of one live host.
struct Report {
  std::string shard;
  std::int32_t pid = 0;
  Release runs = 0;  // 0: none yet

  // Of the trial that it knows; 0: it knows none, and the rest is not used.
  Release trial = 0;
  std::uint32_t step = 0;
  std::uint64_t step_records = 0;  // that the release on trial has processed in this step
  // What the release on trial alone is to blame for, and the last of it in words.
  std::uint32_t crashes = 0, failures = 0;
  std::string blame{};
  Tally tried{}, previous{};  // of the release on trial, and of the one before

  bool operator==(const Report&) const = default;
};

}  // namespace kclhost::host::rollout
