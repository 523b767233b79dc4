// The records of a lane that are not finished: those that the host has kept, and behind them those of the batch in
// hand.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "batch/batch.hpp"
#include "batch/memory.hpp"
#include "batch/position.hpp"

namespace kclhost::host {

// Records are known by their index: 0 is the oldest. A batch's records lie in the memory that plugins read, and are
// gone when its status is sent; kept ones lie in memory of the host's own, until they are finished.
class Window {
 public:
  // The batch's records come behind those that are kept.
  void begin(const Batch& share) { share_ = share; }
  // The batch leaves: its records from `finished` on are copied, those before it go. Returns how many went.
  std::uint32_t keep(std::uint32_t finished);
  // All records go.
  void clear();

  std::uint32_t size() const { return kept_count() + share_.count; }
  std::uint32_t kept_count() const { return static_cast<std::uint32_t>(kept_.size()); }
  // Of the records from this index on: data and texts.
  std::uint64_t bytes_from(std::uint32_t first) const;

  const RecordEntry& entry(std::uint32_t index) const;
  std::string_view data(std::uint32_t index) const { return text(index, &RecordEntry::data, &RecordEntry::data_size); }
  std::string_view partition_key(std::uint32_t index) const {
    return text(index, &RecordEntry::partition_key, &RecordEntry::partition_key_size);
  }
  std::string_view sequence_number(std::uint32_t index) const {
    return text(index, &RecordEntry::sequence_number, &RecordEntry::sequence_number_size);
  }
  Position position(std::uint32_t index) const {
    return {std::string(sequence_number(index)), entry(index).sub_sequence_number};
  }
  bool at_or_before(std::uint32_t index, const Position& position) const;
  // How many records at the front lie at or before the position.
  std::uint32_t count_up_to(const Position& position) const;

  // The records [first, last) as a batch that plugins can read. Kept ones are laid out in `memory` from `free` on, a
  // multiple of 8, which moves behind them. Nothing when there is no memory.
  std::optional<Batch> part(std::uint32_t first, std::uint32_t last, BatchMemory& memory, std::size_t& free) const;

 private:
  struct Kept {
    std::shared_ptr<const std::string> texts;  // of all that were kept at once
    RecordEntry entry;                         // with offsets into them
  };

  template <class Offset, class Size>
  std::string_view text(std::uint32_t index, Offset offset, Size size) const {
    const RecordEntry& one = entry(index);
    const char* const base = index < kept_.size() ? kept_[index].texts->data() : share_.base;
    return {base + one.*offset, one.*size};
  }
  static std::uint64_t size_of(const RecordEntry& entry);

  std::deque<Kept> kept_;
  Batch share_;
};

}  // namespace kclhost::host
