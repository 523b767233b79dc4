#include "shard/key_split.hpp"

namespace kclhost::host {

unsigned lane_of(std::string_view partition_key, unsigned lanes) {
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
  for (const char c : partition_key) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  // Its low bits are weak for short keys.
  return static_cast<unsigned>((hash ^ hash >> 32) % lanes);
}

void KeySplit::split(const Batch& batch) {
  lanes_.clear();
  for (std::vector<std::uint32_t>& lane : indexes_) lane.clear();
  for (std::uint32_t i = 0; i < batch.count; ++i) {
    const unsigned lane = lane_of(batch.partition_key(i), count());
    lanes_.push_back(static_cast<std::uint8_t>(lane));
    indexes_[lane].push_back(i);
  }
}

}  // namespace kclhost::host
