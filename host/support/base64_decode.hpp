// Base64 decoded fast.
#pragma once

#include <cstddef>

namespace kclhost {

struct DecodedBase64 {
  const char* end;   // of the text
  std::size_t size;  // of what it says, bytes
};

// Decodes RFC 4648 base64 (padded, no line breaks) as far as it goes: up to a byte that is not of its alphabet, or the
// padding that belongs there, but no less than four characters at a time. There must be such a byte, and `overreach`
// bytes from it on must be readable; that many behind the result may be written to.
DecodedBase64 decode_base64(const char* text, char* to);

constexpr std::size_t base64_overreach = 32;

}  // namespace kclhost
