// CBOR (RFC 8949) as Kinesis and its clients write it, application/x-amz-cbor-1.1.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace bench {

// An item's major type.
enum CborType : unsigned {
  cbor_unsigned = 0,
  cbor_bytes = 2,
  cbor_text = 3,
  cbor_array = 4,
  cbor_map = 5,
  cbor_tag = 6
};

// Writes a map of so many members.
class CborMap {
 public:
  explicit CborMap(unsigned members);

  CborMap& add(std::string_view key, std::string_view text);
  CborMap& add(std::string_view key, std::uint64_t number);

  const std::string& encoded() const { return encoded_; }

 private:
  void head(CborType type, std::uint64_t value);
  void text(std::string_view value);

  std::string encoded_;
};

// Reads one item after the other and copies nothing: the views are of what is read. Each function throws
// std::runtime_error where the next item is another one than it takes.
class CborReader {
 public:
  explicit CborReader(std::string_view encoded) : left_(encoded) {}

  // Calls member(key) for each; it must take the value.
  template <typename Member>
  void map(Member member) {
    each(expect(cbor_map), [&] { member(text()); });
  }

  // Calls element() for each; it must take it.
  template <typename Element>
  void array(Element element) {
    each(expect(cbor_array), element);
  }

  std::string_view text() { return string(cbor_text); }
  std::string_view bytes() { return string(cbor_bytes); }
  std::uint64_t number() { return expect(cbor_unsigned).value; }
  // Whether the next item is null; takes it then.
  bool null();
  // Takes the next item, whatever it is.
  void skip();

 private:
  // An item's beginning: its value or length, unless its end is marked by a break.
  struct Head {
    unsigned type;
    std::uint64_t value;
    bool indefinite;
  };

  template <typename Take>
  void each(const Head& head, Take take) {
    for (std::uint64_t done = 0; head.indefinite ? !at_break() : done < head.value; ++done) take();
  }

  Head head();
  Head expect(CborType type);
  std::string_view string(CborType type);
  std::string_view take(std::uint64_t size);
  bool at_break() { return take_if(0xff); }
  bool take_if(unsigned char byte);

  std::string_view left_;
};

}  // namespace bench
