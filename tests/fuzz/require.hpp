// What a fuzz target says must hold.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace kclhost::host::fuzz {

inline void require(bool holds) {
  if (!holds) std::abort();
}

// A message for a person is one line, and shows no foreign control characters.
inline void require_one_line(std::string_view message) {
  require(!message.empty());
  for (const char c : message) require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace kclhost::host::fuzz
