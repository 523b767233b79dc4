// How long a shard's calls take.
#pragma once

#include <algorithm>
#include <cstdint>

#include "shard/actions.hpp"

namespace kclhost::host {

// Of the calls of one kind that went well: the longest one, and the mean time of a record. What was lately counts more.
class Pace {
 public:
  // A call takes a millisecond at least: many short ones do not add up to nothing.
  void add(std::uint32_t records, Time time) {
    time = std::max(time, Time{1});
    longest_ = std::max(longest_, time);
    all_ += time;
    records_ += records;
    constexpr std::uint64_t most_records = 100'000;
    if (records_ > most_records) longest_ /= 2, all_ /= 2, records_ /= 2;
  }
  // Nothing is known before the first record.
  bool is_known() const { return records_ != 0; }
  // The most that a call of so many records takes, by what is known.
  Time of(std::uint32_t records) const {
    return std::max(longest_, all_ * static_cast<std::int64_t>(records) / static_cast<std::int64_t>(records_));
  }

 private:
  Time longest_{0}, all_{0};
  std::uint64_t records_ = 0;
};

}  // namespace kclhost::host
