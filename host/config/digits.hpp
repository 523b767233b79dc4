// Reading decimal digits.
#pragma once

#include <cstddef>
#include <string_view>

namespace kclhost::host::config {

inline bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// The digits that `text` begins with, maybe none; they are taken off it.
inline std::string_view take_digits(std::string_view& text) {
  std::size_t n = 0;
  while (n < text.size() && is_digit(text[n])) ++n;
  const std::string_view digits = text.substr(0, n);
  text.remove_prefix(n);
  return digits;
}

}  // namespace kclhost::host::config
