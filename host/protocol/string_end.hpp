// Finding a JSON string's end.
#pragma once

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <cstddef>

namespace kclhost::host::protocol {

// How far the functions here may read beyond what they look for; it must be readable.
constexpr std::size_t string_end_overread = 64;

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
#else
  while (static_cast<unsigned char>(*at) >= 0x20 && *at != '"' && *at != '\\') ++at;
  return at;
#endif
}

// The same, for long ones.
const char* long_string_end(const char* at);

}  // namespace kclhost::host::protocol
