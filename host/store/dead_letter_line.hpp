// A dead letter as a line of JSON.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "support/result.hpp"

namespace kclhost::host::store {

// A record with everything that is known of its failure. The text is the caller's.
struct DeadLetter {
  std::string_view data;  // bytes; written as base64
  std::string_view partition_key;
  std::string_view sequence_number;
  std::int64_t sub_sequence_number = 0;
  std::int64_t arrival_ms = 0;  // milliseconds since the epoch, or KCLHOST_NO_TIMESTAMP
  std::string_view error_code;  // "FAILED", "DIED", "TOO_OLD", or a status' name
  std::string_view error_text;
  std::uint32_t attempts = 0;                      // failed deliveries that the record was part of; 0: never tried
  std::int64_t first_try_ms = 0, last_try_ms = 0;  // milliseconds since the epoch; 0: when it is written
};

// The same for all records of a shard.
struct DeadLetterOrigin {
  std::string stream, application, shard_id;
  std::string plugin_id, plugin_version;
  std::uint32_t generation = 1;  // which of this host's workers had it, from 1
};

// A line that was read back.
struct ParsedLetter {
  DeadLetterOrigin origin;
  std::string data, partition_key, sequence_number, error_code, error_text;
  std::int64_t sub_sequence_number = 0;
  std::int64_t arrival_ms = 0;
  std::uint32_t attempts = 0;
  std::int64_t first_try_ms = 0, last_try_ms = 0;

  DeadLetter letter() const;
};

// What every line begins with; the number is the format's version.
inline constexpr std::string_view dead_letter_prefix = "{\"dead_letter\":1,";

// Appends the line, its newline included.
void append_dead_letter(std::string& out, const DeadLetter& letter, const DeadLetterOrigin& origin);

// Reads a line, without its newline. The error says what is wrong with it.
Result<ParsedLetter> parse_dead_letter(std::string_view line);

}  // namespace kclhost::host::store
