// What a fuzz target says must hold.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace kclhost::host::fuzz {

// clang 14 has no std::source_location.
inline void require(bool holds, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  if (holds) return;
  std::fprintf(stderr, "%s:%d: this does not hold\n", file, line);
  std::abort();
}

// A message for a person is one line, and shows no foreign control characters.
inline void require_one_line(std::string_view message, const char* file = __builtin_FILE(),
                             int line = __builtin_LINE()) {
  require(!message.empty(), file, line);
  for (const char c : message) require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f, file, line);
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace kclhost::host::fuzz
