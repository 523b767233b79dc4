#include "protocol/string_end.hpp"

#include "support/cpu_features.hpp"

namespace kclhost::host::protocol {
#if defined(__x86_64__)
namespace {

[[gnu::target("avx2")]] const char* string_end_avx2(const char* at) {
  const __m256i quote = _mm256_set1_epi8('"'), backslash = _mm256_set1_epi8('\\'), control = _mm256_set1_epi8(0x1f);
  for (;; at += 32) {
    const __m256i text = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
    const __m256i ends =
        _mm256_or_si256(_mm256_or_si256(_mm256_cmpeq_epi8(text, quote), _mm256_cmpeq_epi8(text, backslash)),
                        _mm256_cmpeq_epi8(_mm256_min_epu8(text, control), text));
    const auto found = static_cast<unsigned>(_mm256_movemask_epi8(ends));
    if (found != 0) return at + __builtin_ctz(found);
  }
}

}  // namespace

const char* long_string_end(const char* at) {
  return has_avx2() ? string_end_avx2(at) : string_end(at);
}
#else
const char* long_string_end(const char* at) {
  return string_end(at);
}
#endif
}  // namespace kclhost::host::protocol
