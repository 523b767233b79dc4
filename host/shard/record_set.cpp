#include "shard/record_set.hpp"

#include <algorithm>
#include <bit>

namespace kclhost::host {
namespace {

// The bits of word i that lie in [first, last).
std::uint64_t mask_of(std::size_t i, std::size_t first, std::size_t last) {
  std::uint64_t mask = ~std::uint64_t{0};
  if (i == first / 64) mask &= ~std::uint64_t{0} << first % 64;
  if (i == last / 64) mask &= ~(~std::uint64_t{0} << last % 64);
  return mask;
}

}  // namespace

void RecordSet::add(std::uint32_t first, std::uint32_t last) {
  if (first >= last) return;
  const std::size_t from = offset_ + first, to = offset_ + last;
  if (words_.size() * 64 < to) words_.resize((to + 63) / 64);
  for (std::size_t i = from / 64; i <= (to - 1) / 64; ++i) {
    const std::uint64_t added = mask_of(i, from, to) & ~words_[i];
    members_ += static_cast<std::size_t>(std::popcount(added));
    words_[i] |= added;
  }
}

void RecordSet::remove(std::uint32_t first, std::uint32_t last) {
  if (first >= last || empty()) return;
  const std::size_t from = offset_ + first, to = std::min(offset_ + last, words_.size() * 64);
  for (std::size_t i = from / 64; from < to && i <= (to - 1) / 64; ++i) {
    const std::uint64_t removed = mask_of(i, from, to) & words_[i];
    members_ -= static_cast<std::size_t>(std::popcount(removed));
    words_[i] &= ~removed;
  }
}

bool RecordSet::contains(std::uint32_t index) const {
  const std::size_t bit = offset_ + index;
  return !empty() && (word(bit / 64) >> bit % 64 & 1) != 0;
}

std::uint32_t RecordSet::next(std::uint32_t first, std::uint32_t last) const {
  if (empty() || first >= last) return last;
  const std::size_t from = offset_ + first, to = std::min(offset_ + last, words_.size() * 64);
  for (std::size_t i = from / 64; from < to && i <= (to - 1) / 64; ++i) {
    if (const std::uint64_t found = mask_of(i, from, to) & words_[i]) {
      return static_cast<std::uint32_t>(i * 64 + static_cast<std::size_t>(std::countr_zero(found)) - offset_);
    }
  }
  return last;
}

std::uint32_t RecordSet::end_of_run(std::uint32_t first) const {
  if (!contains(first)) return first;
  const std::size_t from = offset_ + first;
  for (std::size_t i = from / 64;; ++i) {
    std::uint64_t absent = ~word(i);
    if (i == from / 64) absent &= ~std::uint64_t{0} << from % 64;
    if (absent != 0) {
      return static_cast<std::uint32_t>(i * 64 + static_cast<std::size_t>(std::countr_zero(absent)) - offset_);
    }
  }
}

void RecordSet::drop(std::uint32_t n) {
  if (empty()) {
    words_.clear();
    offset_ = 0;
    return;
  }
  remove(0, n);
  offset_ += n;
  const std::size_t gone = offset_ / 64;
  // Not each time: what moves is all that is left.
  if (gone < 64 && gone < words_.size()) return;
  words_.erase(words_.begin(), words_.begin() + static_cast<std::ptrdiff_t>(std::min(gone, words_.size())));
  offset_ -= gone * 64;
}

}  // namespace kclhost::host
