// Places in a shard, and their order.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace kclhost::host::replay {

inline constexpr std::string_view trim_horizon = "TRIM_HORIZON";
inline constexpr std::string_view shard_end = "SHARD_END";

// A sequence number, or one of the names the KCL puts in its place, and the place inside a KPL aggregate.
struct Position {
  std::string sequence_number;
  std::int64_t sub_sequence_number = 0;
};

// One or more decimal digits.
bool is_number(std::string_view text);

// The KCL's order: names other than SHARD_END, then numbers by value and sub-sequence number, then SHARD_END.
std::strong_ordering compare(const Position& a, const Position& b);

// Appends the sequence number of the record at `index` of an input that names none. They rise with the index, and look
// like Kinesis's: 56 digits, 2^80 apart.
void append_made_up_sequence_number(std::uint64_t index, std::string& out);

}  // namespace kclhost::host::replay
