// A fuzzer's bytes as the values that a target needs.
#pragma once

#include <algorithm>
#include <cstring>
#include <string_view>
#include <type_traits>

namespace kclhost::host::fuzz {

// Takes values off the front; behind the end everything is zero or empty.
class Bytes {
 public:
  explicit Bytes(std::string_view bytes) : rest_(bytes) {}

  bool empty() const { return rest_.empty(); }
  std::string_view text(std::size_t size) {
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(taken.size());
    return taken;
  }
  template <class T>
  T number() {
    static_assert(std::is_arithmetic_v<T>);
    const std::string_view bytes = text(sizeof(T));
    T value{};
    std::memcpy(&value, bytes.data(), bytes.size());
    return value;
  }

 private:
  std::string_view rest_;
};

}  // namespace kclhost::host::fuzz
