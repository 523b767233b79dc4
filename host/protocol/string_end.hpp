// Finding a JSON string's end.
#pragma once

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace kclhost::host::protocol {

// How far the functions here may read beyond what they look for; it must be readable.
constexpr std::size_t string_end_overread = 64;

// What string_end below finds, found a byte at a time.
inline const char* string_end_by_bytes(const char* at) {
  while (static_cast<unsigned char>(*at) >= 0x20 && *at != '"' && *at != '\\') ++at;
  return at;
}

#if defined(__aarch64__)
// Ones where a byte ends plain text.
inline uint8x16_t string_ends(uint8x16_t text) {
  return vorrq_u8(vorrq_u8(vceqq_u8(text, vdupq_n_u8('"')), vceqq_u8(text, vdupq_n_u8('\\'))),
                  vcltq_u8(text, vdupq_n_u8(0x20)));
}
// Of four bits for each byte the first that is set, counted in bytes; 16 when none is.
inline int first_string_end(uint8x16_t ends) {
  const uint8x8_t bits = vshrn_n_u16(vreinterpretq_u16_u8(ends), 4);
  return std::countr_zero(vget_lane_u64(vreinterpret_u64_u8(bits), 0)) / 4;
}
#endif

// The first byte from `at` on that is not plain text within a string: a quote, a backslash or a control character.
// There must be one: the NUL that ends a line will do. For strings of a few dozen bytes.
inline const char* string_end(const char* at) {
#if defined(__x86_64__)
  const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\'), control = _mm_set1_epi8(0x1f);
  for (;; at += 16) {
    const __m128i text = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i ends = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(text, quote), _mm_cmpeq_epi8(text, backslash)),
                                      _mm_cmpeq_epi8(_mm_min_epu8(text, control), text));
    const auto found = static_cast<unsigned>(_mm_movemask_epi8(ends));
    if (found != 0) return at + __builtin_ctz(found);
  }
#elif defined(__aarch64__)
  for (;; at += 16) {
    const int first = first_string_end(string_ends(vld1q_u8(reinterpret_cast<const std::uint8_t*>(at))));
    if (first != 16) return at + first;
  }
#else
  return string_end_by_bytes(at);
#endif
}

// The same, for long ones.
const char* long_string_end(const char* at);

// One way to do it.
struct StringEndKernel {
  const char* name;
  bool usable;  // the processor can do it
  const char* (*end)(const char* at);
};

// For tests: all that this program has. The last one looks at a byte at a time and is usable everywhere.
std::span<const StringEndKernel> string_end_kernels();

}  // namespace kclhost::host::protocol
