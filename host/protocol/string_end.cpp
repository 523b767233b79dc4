#include "protocol/string_end.hpp"

#include "support/cpu_features.hpp"

namespace kclhost::host::protocol {
namespace {

#if defined(__x86_64__)
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
#elif defined(__aarch64__)
const char* string_end_neon(const char* at) {
  for (;; at += 64) {
    const uint8x16x4_t text = vld1q_u8_x4(reinterpret_cast<const std::uint8_t*>(at));
    const uint8x16_t ends[] = {string_ends(text.val[0]), string_ends(text.val[1]), string_ends(text.val[2]),
                               string_ends(text.val[3])};
    if (vmaxvq_u8(vorrq_u8(vorrq_u8(ends[0], ends[1]), vorrq_u8(ends[2], ends[3]))) == 0) continue;
    const uint8x16_t* some = ends;
    for (; vmaxvq_u8(*some) == 0; ++some) at += 16;
    return at + first_string_end(*some);
  }
}
#endif

}  // namespace

const char* long_string_end(const char* at) {
#if defined(__x86_64__)
  return has_avx2() ? string_end_avx2(at) : string_end(at);
#elif defined(__aarch64__)
  return string_end_neon(at);
#else
  return string_end(at);
#endif
}

std::span<const StringEndKernel> string_end_kernels() {
  static const StringEndKernel kernels[] = {
#if defined(__x86_64__)
    {"avx2", has_avx2(), string_end_avx2},
#elif defined(__aarch64__)
    {"neon", true, string_end_neon},
#endif
    {"short", true, string_end},
    {"bytes", true, string_end_by_bytes},
  };
  return kernels;
}

}  // namespace kclhost::host::protocol
