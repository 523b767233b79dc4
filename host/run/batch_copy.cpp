#include "run/batch_copy.hpp"

#include <cstring>

namespace kclhost::host::run {

std::optional<Batch> copy_batch(const Batch& batch, BatchMemory& memory) {
  constexpr std::uint32_t front = 64;  // a multiple of 8, where no empty text begins at 0
  std::uint64_t end = front + std::uint64_t{batch.count} * sizeof(RecordEntry);
  for (std::uint32_t i = 0; i < batch.count; ++i) {
    const RecordEntry& entry = batch.entry(i);
    end += std::uint64_t{entry.data_size} + entry.partition_key_size + entry.sequence_number_size;
  }
  if (end > UINT32_MAX || !memory.reserve(end)) return std::nullopt;
  char* const base = memory.base();
  auto* const entries = reinterpret_cast<RecordEntry*>(base + front);
  std::uint32_t at = front + batch.count * static_cast<std::uint32_t>(sizeof(RecordEntry));
  const auto copy = [&](std::uint32_t& offset, std::uint32_t size) {
    if (size != 0) std::memcpy(base + at, batch.base + offset, size);
    offset = at;
    at += size;
  };
  for (std::uint32_t i = 0; i < batch.count; ++i) {
    RecordEntry entry = batch.entry(i);
    copy(entry.data, entry.data_size);
    copy(entry.partition_key, entry.partition_key_size);
    copy(entry.sequence_number, entry.sequence_number_size);
    entries[i] = entry;
  }
  return Batch{base, front, batch.count, batch.millis_behind_latest};
}

}  // namespace kclhost::host::run
