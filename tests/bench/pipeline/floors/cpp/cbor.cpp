#include "cbor.hpp"

#include <stdexcept>

namespace bench {
namespace {

constexpr unsigned char null_byte = 0xf6;

}  // namespace

CborMap::CborMap(unsigned members) {
  head(cbor_map, members);
}

CborMap& CborMap::add(std::string_view key, std::string_view value) {
  text(key);
  text(value);
  return *this;
}

CborMap& CborMap::add(std::string_view key, std::uint64_t number) {
  text(key);
  head(cbor_unsigned, number);
  return *this;
}

// The first byte, and a value that it has no room for in 1, 2, 4 or 8 bytes more.
void CborMap::head(CborType type, std::uint64_t value) {
  unsigned low = static_cast<unsigned>(value), size = 0;
  if (value >= 24) {
    low = value <= 0xff ? 24 : value <= 0xffff ? 25 : value <= 0xffffffff ? 26 : 27;
    size = 1u << (low - 24);
  }
  encoded_ += static_cast<char>(type << 5u | low);
  while (size > 0) encoded_ += static_cast<char>(value >> 8 * --size & 0xff);
}

void CborMap::text(std::string_view value) {
  head(cbor_text, value.size());
  encoded_ += value;
}

std::string_view CborReader::take(std::uint64_t size) {
  if (size > left_.size()) throw std::runtime_error("the answer's CBOR ends too soon");
  const std::string_view taken = left_.substr(0, size);
  left_.remove_prefix(size);
  return taken;
}

bool CborReader::take_if(unsigned char byte) {
  const bool is = !left_.empty() && static_cast<unsigned char>(left_.front()) == byte;
  if (is) left_.remove_prefix(1);
  return is;
}

CborReader::Head CborReader::head() {
  const unsigned first = static_cast<unsigned char>(take(1).front());
  const unsigned low = first & 31;
  Head head{.type = first >> 5, .value = low, .indefinite = low == 31};
  if (low < 24 || head.indefinite) return head;
  if (low > 27) throw std::runtime_error("the answer is not CBOR");
  head.value = 0;
  for (const char byte : take(std::uint64_t{1} << (low - 24))) {
    head.value = head.value << 8 | static_cast<unsigned char>(byte);
  }
  return head;
}

CborReader::Head CborReader::expect(CborType type) {
  const Head found = head();
  if (found.type != type) throw std::runtime_error("the answer's CBOR has another type than is expected");
  return found;
}

std::string_view CborReader::string(CborType type) {
  const Head found = expect(type);
  if (found.indefinite) throw std::runtime_error("the answer's CBOR has a string in parts");
  return take(found.value);
}

bool CborReader::null() {
  return take_if(null_byte);
}

void CborReader::skip() {
  const Head found = head();
  switch (found.type) {
    case cbor_bytes:
    case cbor_text:
      if (found.indefinite) {
        each(found, [this] { skip(); });
      } else {
        take(found.value);
      }
      return;
    case cbor_array:
      return each(found, [this] { skip(); });
    case cbor_map:
      return each(found, [this] {
        skip();
        skip();
      });
    case cbor_tag:
      return skip();
    default:
      return;
  }
}

}  // namespace bench
