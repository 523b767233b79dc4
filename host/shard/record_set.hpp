// A set of a lane's records, by their index.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace kclhost::host {

// One bit each. What is cheap: to ask while it is empty, and to have all leave that lie in front of an index.
class RecordSet {
 public:
  bool empty() const { return members_ == 0; }
  void add(std::uint32_t first, std::uint32_t last);
  void remove(std::uint32_t first, std::uint32_t last);
  bool contains(std::uint32_t index) const;
  // The first member in [first, last); last when there is none.
  std::uint32_t next(std::uint32_t first, std::uint32_t last) const;
  // The first index from `first` on that is no member.
  std::uint32_t end_of_run(std::uint32_t first) const;
  // All indexes go down by n; members below n leave.
  void drop(std::uint32_t n);

 private:
  std::uint64_t word(std::size_t i) const { return i < words_.size() ? words_[i] : 0; }

  std::vector<std::uint64_t> words_;
  std::size_t offset_ = 0;  // the bit of index 0
  std::size_t members_ = 0;
};

}  // namespace kclhost::host
