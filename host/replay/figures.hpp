// What a replay measured.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "observe/metric_totals.hpp"
#include "observe/set_aside.hpp"
#include "replay/child.hpp"
#include "replay/position.hpp"

namespace kclhost::host::replay {

struct Figures {
  using Nanoseconds = std::chrono::nanoseconds;

  std::uint64_t batches = 0;  // answered with a status
  std::uint64_t records = 0;  // in them
  std::uint64_t data_bytes = 0;
  std::uint64_t idle_ticks = 0;  // empty batches sent while lingering and answered; not among the batches
  std::uint64_t sent_bytes = 0;  // every message, checkpoints' answers included
  std::uint64_t received_bytes = 0;
  std::uint64_t checkpoints = 0;  // answered
  std::map<std::string, std::uint64_t> checkpoint_errors;
  std::uint64_t skipped_lines = 0;     // of the child's; blank ones don't count
  std::vector<Nanoseconds> latencies;  // per batch: from its first byte written to its status read
  Nanoseconds start{};                 // from starting the child to initialize's status
  Nanoseconds delivery{};              // from the first batch's first byte to the last one's status
  Nanoseconds delivery_cpu{};          // that the child and its living descendants used in this time
  Nanoseconds wall{};                  // from starting the child to its end
  std::optional<Exit> exit;            // none: the child was never started
  std::optional<std::vector<observe::NamedTotal>> metrics;  // the plugin's; none: the child told of none
  std::optional<observe::SetAside> set_aside;               // by kclhost run; none: the child told of none
  std::optional<Position> last_checkpoint;                  // the one resumed from included
  std::string error;                                        // what went wrong, one line
  int exit_code = 0;                                        // ours
};

// Whether there is anything to sum up: not where the child could not begin with what it was given, and said so.
bool played(const Figures& figures);

// Two lines for a person, and one for each metric.
std::string summary(const Figures& figures);

// A JSON document; docs/replay.md names its members.
std::string report(const Figures& figures);

}  // namespace kclhost::host::replay
