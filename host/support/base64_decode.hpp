// Base64 decoded fast.
#pragma once

#include <cstddef>
#include <span>

namespace kclhost::host {

struct DecodedBase64 {
  const char* end;   // of the text
  std::size_t size;  // of what it says, bytes
};

// Decodes RFC 4648 base64 (padded, no line breaks) as far as it goes: up to a byte that is not of its alphabet, or the
// padding that belongs there, but no less than four characters at a time. There must be such a byte, and `overreach`
// bytes from it on must be readable; that many behind the result may be written to.
DecodedBase64 decode_base64(const char* text, char* to);

constexpr std::size_t base64_overreach = 64;

// One way to decode. decode takes what decode_base64 takes, stops at the first character that is none of the alphabet,
// and says where that is. It writes the bytes for which there were characters; what it writes behind them means
// nothing.
struct Base64Kernel {
  const char* name;
  bool usable;  // the processor can do it
  const char* (*decode)(const char* text, char* to);
};

// The quickest first; the last one is usable everywhere.
std::span<const Base64Kernel> base64_kernels();
// decode_base64 by the kernel given, which must be usable. For tests and benchmarks.
DecodedBase64 decode_base64(const char* text, char* to, const Base64Kernel& kernel);

}  // namespace kclhost::host
