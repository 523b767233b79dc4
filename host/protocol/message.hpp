// What the daemon says.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "batch/batch.hpp"
#include "support/result.hpp"

namespace kclhost::host::protocol {

enum class Action {
  initialize,
  process_records,
  lease_lost,
  shard_ended,
  shutdown_requested,
  shutdown,    // the KCL 1.x form of the two before
  checkpoint,  // the answer to our checkpoint
};

// A message; its text lies in the line it was decoded from.
struct Message {
  Action action{};
  std::string_view action_text;                     // as a status must repeat it
  std::string_view shard_id;                        // initialize
  std::optional<std::string_view> sequence_number;  // initialize, checkpoint
  std::int64_t sub_sequence_number = 0;             // initialize, checkpoint
  std::optional<std::string_view> error;            // checkpoint: the exception's simple class name
  std::string_view reason;                          // shutdown: TERMINATE or ZOMBIE
  Batch batch;                                      // process_records
};

// Decodes a line that may not be a processRecords, in place: see BatchDecoder for one that may. One byte past the
// line's end is overwritten.
Result<Message> decode(std::span<char> line);

}  // namespace kclhost::host::protocol
