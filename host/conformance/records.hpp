// The records that a plugin is given.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "batch/batch.hpp"
#include "replay/input.hpp"
#include "support/result.hpp"
#include "support/shared_buffer.hpp"

namespace kclhost::host::conformance {

struct Record {
  std::string what;  // "a record without data"; empty: one like any other
  std::string data, partition_key, sequence_number;
  std::int64_t sub_sequence_number = 0;
  std::int64_t arrival_ms = 0;
};
using Records = std::vector<Record>;

// Makes records of one stream, in order; by a seed, always the same ones.
class RecordMaker {
 public:
  explicit RecordMaker(std::uint64_t seed) : random_(seed) {}

  // Small JSON objects under a few dozen partition keys.
  Records usual(std::size_t count);
  // Everything that Kinesis allows and nobody expects.
  Records odd();
  // As much as one read of a shard can bring: 10,000 records of 10 MiB in all.
  Records huge();
  // These, with places of their own in the stream.
  Records anew(const Records& records);

 private:
  Record next(std::string data);
  std::string letters(std::size_t count);

  std::mt19937_64 random_;
  std::uint64_t sequence_ = 0;
};

// The records of a file, in whatever format `kclhost replay` reads. The error is one line.
Result<Records> read_records(const std::string& file, replay::Format format);

// Lays the records out where plugins see them. Nothing when there is no memory for that.
std::optional<Batch> lay_out(std::span<const Record> records, SharedBuffer& buffer);

}  // namespace kclhost::host::conformance
