// Spreads a batch over several workers so that each partition key's records stay with one of them, in order.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "batch/batch.hpp"

namespace kclhost::host {

// Which of `lanes` a partition key belongs to. The same in every process: what an earlier one left is found again.
unsigned lane_of(std::string_view partition_key, unsigned lanes);

// The split of one batch after another; the memory is kept between them. Records are known by their index in the batch.
class KeySplit {
 public:
  // `lanes` is at least 1.
  explicit KeySplit(unsigned lanes) : indexes_(lanes) {}

  unsigned count() const { return static_cast<unsigned>(indexes_.size()); }

  // Assigns every record of the batch to a lane.
  void split(const Batch& batch);

  // The records of a lane, in the batch's order; until the next split.
  const std::vector<std::uint32_t>& indexes(unsigned lane) const { return indexes_[lane]; }

  // The lane of each record, in the batch's order; until the next split.
  const std::vector<std::uint8_t>& lanes() const { return lanes_; }

 private:
  std::vector<std::vector<std::uint32_t>> indexes_;
  std::vector<std::uint8_t> lanes_;
};

}  // namespace kclhost::host
