// What the daemon says.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "batch/batch.hpp"
#include "support/result.hpp"
#include "support/shared_buffer.hpp"

#include <span>

namespace kclhost::protocol {

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

// Decodes a line in place. It must lie in `buffer` if it may be a processRecords: its records' data are decoded where
// they stand, and the table of records is put behind them in `buffer`, which then holds all of the batch. One byte past
// the line's end is overwritten. The error names the byte and shows what stands there. Unknown members are ignored.
Result<Message> decode(std::span<char> line, SharedBuffer* buffer);

}  // namespace kclhost::protocol
