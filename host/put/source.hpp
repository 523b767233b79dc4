// Where the records to put come from.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "aws/kinesis.hpp"
#include "records/json_record.hpp"

namespace kclhost::host::put {

// Input that can't be read or understood. what() is FILE:LINE: message, or FILE: message.
class InputError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Source {
 public:
  virtual ~Source() = default;
  // The next record; empty optional at the end. Throws InputError.
  virtual std::optional<aws::Record> next() = 0;
  // False if next() would have to wait for its input, after a moment's patience.
  virtual bool ready() { return true; }
  // Why next() ended before the input did: a stop was requested. Empty: it did not.
  virtual std::string cut_short() const { return {}; }
  // What FILE:LINE begins with; empty where records have no lines.
  virtual std::string name() const { return {}; }
};

enum class Format { lines, json };

// Each word is a record, its partition key the word itself (see word_partition_key) or the one given.
std::unique_ptr<Source> word_source(std::vector<std::string> words, std::optional<std::string> partition_key);

// Reads path, "-" for standard input, until a stop is requested (StopSignals). A partition key that is given is used
// wherever the input names none. Throws InputError.
std::unique_ptr<Source> file_source(const std::string& path, Format format, std::optional<std::string> partition_key);

// The word, or hashed_partition_key if it can't be a partition key.
std::string word_partition_key(std::string_view word);

// The first half of the SHA-256 in hex: spreads records over the shards, equal ones on the same shard.
std::string hashed_partition_key(std::string_view data);

using records::is_partition_key;

// One line of --format json. Throws std::invalid_argument with what is wrong.
aws::Record parse_json_record(std::string_view line, const std::optional<std::string>& partition_key,
                              records::JsonRecordReader& reader);

}  // namespace kclhost::host::put
