#include "shard/window.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace kclhost::host {
namespace {

// Copies a record's texts to `at` and has the entry point there.
std::uint32_t copy_texts(RecordEntry& entry, const char* from, char* base, std::uint32_t at) {
  const auto copy = [&](std::uint32_t& offset, std::uint32_t size) {
    if (size != 0) std::memcpy(base + at, from + offset, size);
    offset = std::exchange(at, at + size);
  };
  copy(entry.data, entry.data_size);
  copy(entry.partition_key, entry.partition_key_size);
  copy(entry.sequence_number, entry.sequence_number_size);
  return at;
}

}  // namespace

std::uint64_t Window::size_of(const RecordEntry& entry) {
  return std::uint64_t{entry.data_size} + entry.partition_key_size + entry.sequence_number_size;
}

const RecordEntry& Window::entry(std::uint32_t index) const {
  return index < kept_.size() ? kept_[index].entry : share_.entry(index - kept_.size());
}

std::uint64_t Window::bytes_from(std::uint32_t first) const {
  std::uint64_t bytes = 0;
  for (std::uint32_t i = first; i < size(); ++i) bytes += size_of(entry(i));
  return bytes;
}

std::uint32_t Window::keep(std::uint32_t finished) {
  const std::uint32_t size_before = size();
  const std::uint32_t gone = std::min(finished, size_before);
  std::uint32_t from_share = gone > kept_count() ? gone - kept_count() : 0;
  while (!kept_.empty() && finished > 0) {
    kept_.pop_front();
    --finished;
  }
  std::uint64_t bytes = 0;
  for (std::uint32_t i = from_share; i < share_.count; ++i) bytes += size_of(share_.entry(i));
  if (from_share < share_.count) {
    auto texts = std::make_shared<std::string>(bytes, '\0');
    std::uint32_t at = 0;
    for (; from_share < share_.count; ++from_share) {
      RecordEntry entry = share_.entry(from_share);
      at = copy_texts(entry, share_.base, texts->data(), at);
      kept_.push_back({texts, entry});
    }
  }
  share_ = {};
  return gone;
}

void Window::clear() {
  kept_.clear();
  share_ = {};
}

bool Window::at_or_before(std::uint32_t index, const Position& position) const {
  const auto order = compare_sequence_numbers(sequence_number(index), position.sequence_number);
  return order < 0 || (order == 0 && entry(index).sub_sequence_number <= position.sub_sequence_number);
}

std::uint32_t Window::count_up_to(const Position& position) const {
  std::uint32_t first = 0, last = size();
  while (first < last) {
    const std::uint32_t middle = first + (last - first) / 2;
    at_or_before(middle, position) ? first = middle + 1 : last = middle;
  }
  return first;
}

std::optional<Batch> Window::part(std::uint32_t first, std::uint32_t last, BatchMemory& memory,
                                  std::size_t& free) const {
  if (first >= kept_count()) return share_.slice(first - kept_count(), last - first);
  std::uint64_t kept = 0;
  for (std::uint32_t i = first; i < std::min(last, kept_count()); ++i) kept += size_of(kept_[i].entry);
  const std::size_t table = (free + kept + 7) / 8 * 8;
  const std::size_t end = table + std::size_t{last - first} * sizeof(RecordEntry);
  if (end > UINT32_MAX || !memory.reserve(end)) return std::nullopt;
  char* const base = memory.base();
  auto* entries = reinterpret_cast<RecordEntry*>(base + table);
  auto at = static_cast<std::uint32_t>(free);
  for (std::uint32_t i = first; i < last; ++i) {
    RecordEntry& to = entries[i - first];
    to = entry(i);
    if (i < kept_count()) at = copy_texts(to, kept_[i].texts->data(), base, at);
  }
  free = (end + 7) / 8 * 8;
  return Batch{base, static_cast<std::uint32_t>(table), last - first, share_.millis_behind_latest};
}

}  // namespace kclhost::host
