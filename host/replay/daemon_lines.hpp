// The daemon's messages, as its JSON library (Jackson) writes them. Every line ends in a newline.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "replay/checkpointer.hpp"
#include "replay/position.hpp"

namespace kclhost::host::replay {

// A record as a processRecords message carries it.
struct Record {
  std::optional<std::string_view> base64;  // its data; none is written as null
  std::string_view partition_key;
  std::string_view sequence_number;
  std::int64_t sub_sequence_number = 0;
  std::optional<std::int64_t> timestamp;  // milliseconds since the epoch
};

std::string initialize_line(std::string_view shard_id, const Position& start);
// For leaseLost, shardEnded and shutdownRequested.
std::string plain_line(std::string_view action);
// The answer to a checkpoint; `error` is an exception's name, or empty.
std::string checkpoint_line(const Checkpointer::Request& request, std::string_view error);

// A processRecords message is begun, given its records, and ended.
void begin_batch(std::string& line);
void append_record(const Record& record, bool first, std::string& line);
void end_batch(std::int64_t millis_behind_latest, std::string& line);

// Appends a JSON string, quotes included, escaped as Jackson does. `text` is UTF-8.
void append_jackson_string(std::string_view text, std::string& out);

}  // namespace kclhost::host::replay
