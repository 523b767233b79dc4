// What a replay says to its child, ready to be sent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "replay/position.hpp"

namespace kclhost::host::replay {

// A processRecords message.
struct Batch {
  std::string line;
  std::size_t records = 0;
  std::uint64_t data_bytes = 0;  // of the records' data, decoded
  Position last;                 // of its last record; no sequence number when there are none
};

// A message after the last batch.
struct Ending {
  std::string line;
  std::string action;            // as the child's status must repeat it
  bool takes_checkpoint = true;  // false: a checkpoint gets InvalidStateException
  bool ends_shard = false;       // the child must checkpoint
};

struct Script {
  std::string initialize;  // a line
  Position start;          // the checkpoint it names
  std::vector<Batch> batches;
  std::vector<Ending> endings;
};

enum class End { shard_ended, shutdown_requested, lease_lost };

// The messages the daemon ends a shard's conversation with. After shutdownRequested comes leaseLost.
std::vector<Ending> endings_for(End end);

}  // namespace kclhost::host::replay
