// The shard's order of records that are spread over lanes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace kclhost::host {

// Knows, for every record from the first unfinished one of the shard on, which lane it went to. In its lane a record is
// known by its index.
class LaneOrder {
 public:
  explicit LaneOrder(std::size_t lanes) : passed_(lanes) {}

  struct Record {
    std::uint32_t lane = 0, index = 0;
  };

  void add(std::uint32_t lane) { lanes_.push_back(static_cast<std::uint8_t>(lane)); }
  // Goes on while the record at the front is finished in its lane: `finished` says, by lane, how many at its front are.
  // True when it went on.
  template <class Finished>
  bool advance(Finished&& finished) {
    const std::size_t before = front_;
    for (; front_ < lanes_.size(); ++front_) {
      const std::uint32_t lane = lanes_[front_];
      if (passed_[lane] == finished(lane)) break;
      last_ = {lane, passed_[lane]++};
    }
    if (front_ == before) return false;
    // Not each time: what moves is all that is left.
    if (front_ == lanes_.size() || (front_ >= 4096 && front_ * 2 >= lanes_.size())) {
      lanes_.erase(lanes_.begin(), lanes_.begin() + static_cast<std::ptrdiff_t>(front_));
      front_ = 0;
    }
    return true;
  }
  // The record in front of the first unfinished one; only after advance went on, and until its lane drops it.
  Record last_finished() const { return last_; }
  // No record is unfinished.
  bool all_finished() const { return front_ == lanes_.size(); }
  // The first unfinished record lies in this lane.
  bool is_first(std::uint32_t lane) const { return front_ < lanes_.size() && lanes_[front_] == lane; }
  // How many at the front of the lane lie in front of the shard's first unfinished record: they may go.
  std::uint32_t passed(std::uint32_t lane) const { return passed_[lane]; }
  void dropped(std::uint32_t lane, std::uint32_t count) { passed_[lane] -= count; }
  // All records leave.
  void clear() {
    lanes_.clear();
    front_ = 0;
    for (std::uint32_t& count : passed_) count = 0;
  }

 private:
  std::vector<std::uint8_t> lanes_;
  std::size_t front_ = 0;
  std::vector<std::uint32_t> passed_;
  Record last_;
};

}  // namespace kclhost::host
