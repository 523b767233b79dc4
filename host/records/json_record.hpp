// What a line of JSON says of a record. `kclhost put` and `kclhost replay` read their lines with this, so that both
// take, and refuse, the same ones.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kclhost::host::records {

// Views into the line. What the line does not name, or names null, is empty.
struct JsonRecord {
  std::optional<std::string_view> base64;  // "data": strict base64
  std::optional<std::string_view> text;    // "text": there when "data" is not
  std::optional<std::string_view> partition_key, explicit_hash_key;
  std::optional<std::string_view> sequence_number;  // decimal digits
  std::optional<std::int64_t> sub_sequence_number;  // only with a sequence number
  std::optional<std::int64_t> timestamp;            // milliseconds since the epoch
  bool null_data = false, null_timestamp = false;   // named, and null
};

class JsonRecordReader {
 public:
  JsonRecordReader();

  // Reads a line into `record`, or says what is wrong with it and the cure. Overwrites the line, which a NUL must
  // follow. What `record` views is gone with the next call.
  std::optional<std::string> read(std::span<char> line, JsonRecord& record);

 private:
  std::vector<char> memory_, decoded_;
};

// UTF-8 of 1 to 256 characters.
bool is_partition_key(std::string_view text);

// A decimal number from 0 to 2^128 - 1.
bool is_hash_key(std::string_view text);

}  // namespace kclhost::host::records
