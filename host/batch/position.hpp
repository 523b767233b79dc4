// A place in a shard.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "batch/batch.hpp"

namespace kclhost::host {

// A record, by its sequence and sub-sequence number; in the shard's order. TRIM_HORIZON and its like come before every
// record.
struct Position {
  std::string sequence_number;  // empty: nowhere yet
  std::int64_t sub_sequence_number = 0;

  // The place of a batch's record.
  static Position of(const Batch& batch, std::size_t index) {
    return {std::string(batch.sequence_number(index)), batch.entry(index).sub_sequence_number};
  }
  void set(std::string_view sequence, std::int64_t sub_sequence) {
    sequence_number = sequence;  // keeps its memory
    sub_sequence_number = sub_sequence;
  }
  bool none() const { return sequence_number.empty(); }
  std::string str() const { return sequence_number + "/" + std::to_string(sub_sequence_number); }

  bool operator==(const Position&) const = default;
};

// Compares sequence numbers, which have up to 56 digits and no leading zeros; what is no number comes first.
inline std::strong_ordering compare_sequence_numbers(std::string_view a, std::string_view b) {
  const auto is_number = [](std::string_view text) { return !text.empty() && text[0] >= '0' && text[0] <= '9'; };
  if (is_number(a) != is_number(b)) return is_number(a) <=> is_number(b);
  if (!is_number(a)) return std::strong_ordering::equal;
  if (a.size() != b.size()) return a.size() <=> b.size();
  return a.compare(b) <=> 0;
}

// Whether the record at `index` lies at or before `place`.
inline bool at_or_before(const Batch& batch, std::size_t index, const Position& place) {
  const auto order = compare_sequence_numbers(batch.sequence_number(index), place.sequence_number);
  return order < 0 || (order == 0 && batch.entry(index).sub_sequence_number <= place.sub_sequence_number);
}

inline bool operator<(const Position& a, const Position& b) {
  const auto order = compare_sequence_numbers(a.sequence_number, b.sequence_number);
  return order < 0 || (order == 0 && a.sub_sequence_number < b.sub_sequence_number);
}

}  // namespace kclhost::host
