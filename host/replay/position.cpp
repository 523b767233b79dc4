#include "replay/position.hpp"

#include <algorithm>

namespace kclhost::host::replay {
namespace {

__extension__ using Wide = unsigned __int128;

// 0: before all numbers; 1: a number; 2: after all numbers.
int rank(std::string_view sequence_number) {
  if (is_number(sequence_number)) return 1;
  return sequence_number == shard_end ? 2 : 0;
}

std::string_view without_leading_zeros(std::string_view digits) {
  digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size()));
  return digits;
}

}  // namespace

bool is_number(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::strong_ordering compare(const Position& a, const Position& b) {
  const int rank_a = rank(a.sequence_number), rank_b = rank(b.sequence_number);
  if (rank_a != rank_b) return rank_a <=> rank_b;
  if (rank_a != 1) return std::strong_ordering::equal;
  const std::string_view digits_a = without_leading_zeros(a.sequence_number);
  const std::string_view digits_b = without_leading_zeros(b.sequence_number);
  if (digits_a.size() != digits_b.size()) return digits_a.size() <=> digits_b.size();
  if (const int order = digits_a.compare(digits_b); order != 0) return order <=> 0;
  return a.sub_sequence_number <=> b.sub_sequence_number;
}

void append_made_up_sequence_number(std::uint64_t index, std::string& out) {
  // The top 18 of the 56 digits never change; the other 38 fit 128 bits for any index a disk can hold.
  constexpr std::string_view top = "496804600453503754";
  constexpr int digits = 38;
  const Wide start = Wide{3755384141568230682ull} * 10'000'000'000'000'000'000ull + 8536673896419960034ull;
  Wide value = start + (Wide{index} << 80);
  out.append(top).append(digits, '0');
  for (char* at = out.data() + out.size(); value != 0;) {
    // By halves, because dividing 128 bits costs as much as a dozen divisions of 64.
    auto low = static_cast<std::uint64_t>(value % 10'000'000'000'000'000'000ull);
    value /= 10'000'000'000'000'000'000ull;
    for (int i = 0; i < 19; ++i, low /= 10) *--at = static_cast<char>('0' + low % 10);
  }
}

}  // namespace kclhost::host::replay
