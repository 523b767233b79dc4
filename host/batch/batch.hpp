// A decoded batch as it lies in shared memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace kclhost::host {

// One record. Offsets count from the start of the buffer the batch was decoded in, so that they hold in every process.
struct RecordEntry {
  std::uint32_t data, data_size;
  std::uint32_t partition_key, partition_key_size;
  std::uint32_t sequence_number, sequence_number_size;
  std::int64_t sub_sequence_number;
  std::int64_t arrival_ms;  // KCLHOST_NO_TIMESTAMP when the daemon sent none
};

// A view of a batch, or of a run of its records. Valid as long as the buffer holds it.
struct Batch {
  const char* base = nullptr;  // the buffer's start
  std::uint32_t table = 0;     // offset of the first record's entry
  std::uint32_t count = 0;
  std::int64_t millis_behind_latest = -1;

  const RecordEntry& entry(std::size_t index) const {
    return reinterpret_cast<const RecordEntry*>(base + table)[index];
  }
  std::string_view data(std::size_t index) const { return {base + entry(index).data, entry(index).data_size}; }
  std::string_view partition_key(std::size_t index) const {
    return {base + entry(index).partition_key, entry(index).partition_key_size};
  }
  std::string_view sequence_number(std::size_t index) const {
    return {base + entry(index).sequence_number, entry(index).sequence_number_size};
  }
  // The records [first, first + n).
  Batch slice(std::uint32_t first, std::uint32_t n) const {
    Batch part = *this;
    part.table += first * static_cast<std::uint32_t>(sizeof(RecordEntry));
    part.count = n;
    return part;
  }
};

}  // namespace kclhost::host
