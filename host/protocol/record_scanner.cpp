#include "protocol/record_scanner.hpp"

#include <bit>
#include <cstring>
#include <string_view>

#include "kclhost/plugin.h"
#include "protocol/string_end.hpp"

namespace kclhost::host::protocol {
namespace {

enum Member : unsigned {
  none = 0,
  data = 1,
  partition_key = 2,
  sequence_number = 4,
  sub_sequence_number = 8,
  arrival = 16,
  action = 32,
};

[[gnu::always_inline]] inline std::uint64_t eight_bytes(const char* at) {
  std::uint64_t bytes;
  std::memcpy(&bytes, at, sizeof bytes);
  return bytes;
}

// Steps over a literal if it stands there.
template <std::size_t N>
[[gnu::always_inline]] inline bool take(const char*& at, const char (&literal)[N]) {
  constexpr std::size_t size = N - 1;
  if constexpr (size < 8) {
    if (std::memcmp(at, literal, size) != 0) return false;
  } else {  // eight bytes at a time, the last ones overlapping those before: GCC would call memcmp
    std::uint64_t different = eight_bytes(at + size - 8) ^ eight_bytes(literal + size - 8);
    for (std::size_t i = 0; i + 8 < size; i += 8) different |= eight_bytes(at + i) ^ eight_bytes(literal + i);
    if (different != 0) return false;
  }
  at += size;
  return true;
}

// Steps over a member's name and colon; none when it is none that a record is known to have.
Member take_name(const char*& at) {
  switch (at[1]) {
    case 'd':
      return take(at, "\"data\":") ? data : none;
    case 'p':
      return take(at, "\"partitionKey\":") ? partition_key : none;
    case 's':
      if (take(at, "\"sequenceNumber\":")) return sequence_number;
      return take(at, "\"subSequenceNumber\":") ? sub_sequence_number : none;
    case 'a':
      if (take(at, "\"approximateArrivalTimestamp\":")) return arrival;
      return take(at, "\"action\":") ? action : none;
    default:
      return none;
  }
}

struct Texts {
  std::string_view data, partition_key, sequence_number, action;
};

template <bool is_long>
[[gnu::always_inline]] inline bool take_string(const char*& at, std::string_view& text) {
  if (*at != '"') return false;
  const char* const begin = at + 1;
  const char* const end = is_long ? long_string_end(begin) : string_end(begin);
  if (*end != '"') return false;
  text = {begin, static_cast<std::size_t>(end - begin)};
  at = end + 1;
  return true;
}

// The value of eight digits; false when they are none.
[[gnu::always_inline]] inline bool take_eight_digits(const char*& at, std::int64_t& number) {
  if constexpr (std::endian::native == std::endian::big) return false;
  const std::uint64_t values = eight_bytes(at) ^ 0x3030303030303030;
  // A byte over 9 has a bit in its upper half, or gets one.
  if (((values | (values + 0x0606060606060606)) & 0xf0f0f0f0f0f0f0f0) != 0) return false;
  const std::uint64_t pairs = values * 10 + (values >> 8);  // in bytes 0, 2, 4, 6
  const std::uint64_t sum = (pairs & 0x000000ff000000ff) * (100 + (1'000'000ull << 32)) +
                            ((pairs >> 16) & 0x000000ff000000ff) * (1 + (10'000ull << 32));
  number = static_cast<std::int64_t>(sum >> 32);
  at += 8;
  return true;
}

// A number as Jackson writes a long, unless it has more digits than are sure to fit. What follows is looked at later.
[[gnu::always_inline]] inline bool take_number(const char*& at, std::int64_t& number) {
  const char* const begin = at;
  if (*at == '0') {
    ++at;
    number = 0;
    return true;
  }
  std::int64_t sum = 0;
  take_eight_digits(at, sum);
  for (; *at >= '0' && *at <= '9'; ++at) {
    if (at - begin == 18) return false;
    sum = sum * 10 + (*at - '0');
  }
  number = sum;
  return at != begin;
}

// A record whose members stand in the order in which the daemon has put them in every version so far.
[[gnu::always_inline]] inline bool take_usual_record(const char*& at, BatchStore& store, Texts& texts,
                                                     RecordEntry& record) {
  return take(at, "{\"data\":\"") && (at = store.decode_data(at), true) && take(at, "\",\"partitionKey\":") &&
         take_string<false>(at, texts.partition_key) && take(at, ",\"sequenceNumber\":") &&
         take_string<false>(at, texts.sequence_number) && take(at, ",\"approximateArrivalTimestamp\":") &&
         take_number(at, record.arrival_ms) && take(at, ",\"subSequenceNumber\":") &&
         take_number(at, record.sub_sequence_number) && take(at, ",\"action\":\"record\"}");
}

// A record with its members in any order, each at most once.
bool take_record(const char*& at, Texts& texts, RecordEntry& record) {
  texts = {};
  record = empty_record;
  if (*at != '{') return false;
  unsigned seen = 0;
  do {
    ++at;
    const Member member = take_name(at);
    if (member == none || (seen & member) != 0) return false;
    seen |= member;
    bool well = false;
    switch (member) {
      case data:
        well = take_string<true>(at, texts.data);
        break;
      case partition_key:
        well = take_string<false>(at, texts.partition_key);
        break;
      case sequence_number:
        well = take_string<false>(at, texts.sequence_number);
        break;
      case sub_sequence_number:
        well = take_number(at, record.sub_sequence_number);
        break;
      case arrival:
        well = take_number(at, record.arrival_ms);
        break;
      default:
        well = take_string<false>(at, texts.action);
    }
    if (!well) return false;
  } while (*at == ',');
  if (*at != '}' || (seen & sequence_number) == 0) return false;
  ++at;
  return true;
}

}  // namespace

constinit const RecordEntry empty_record{0, 0, 0, 0, 0, 0, 0, KCLHOST_NO_TIMESTAMP};

Scanned scan_record(const char*& start, BatchStore& store, RecordEntry& record) {
  record = empty_record;
  const char* at = start;
  Texts texts;
  if (take_usual_record(at, store, texts, record)) {
    store.keep_data(record);
  } else {
    at = start;
    if (!take_record(at, texts, record)) return Scanned::unusual;
    if (texts.data.data() != nullptr) {
      const char* const end = texts.data.data() + texts.data.size();
      if (store.decode_data(texts.data.data()) != end) {
        start = end + 1;
        return Scanned::not_base64;
      }
      store.keep_data(record);
    }
  }
  store.keep_partition_key(texts.partition_key, record);
  store.keep_sequence_number(texts.sequence_number, record);
  start = at;
  return Scanned::record;
}

}  // namespace kclhost::host::protocol
