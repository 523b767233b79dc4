#include "shard/key_split.hpp"

#include <algorithm>

namespace kclhost::host {

unsigned lane_of(std::string_view partition_key, unsigned lanes) {
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
  for (const char c : partition_key) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  // Its low bits are weak for short keys.
  return static_cast<unsigned>((hash ^ hash >> 32) % lanes);
}

void KeySplit::split(const Batch& batch) {
  batch_count_ = batch.count;
  for (std::vector<std::uint32_t>& lane : indexes_) lane.clear();
  for (std::uint32_t i = 0; i < batch.count; ++i) indexes_[lane_of(batch.partition_key(i), count())].push_back(i);
}

std::uint32_t KeySplit::low_water(std::span<const std::uint32_t> finished) const {
  std::uint32_t first_unfinished = batch_count_;
  for (std::size_t lane = 0; lane < indexes_.size(); ++lane) {
    if (finished[lane] < indexes_[lane].size()) {
      first_unfinished = std::min(first_unfinished, indexes_[lane][finished[lane]]);
    }
  }
  return first_unfinished;
}

}  // namespace kclhost::host
