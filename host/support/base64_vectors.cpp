// After W. Mula and D. Lemire, "Faster Base64 Encoding and Decoding Using AVX2 Instructions", ACM Transactions on the
// Web 12 (3), 2018, and "Base64 encoding and decoding at almost the speed of a memory copy", Software: Practice and
// Experience 50 (2), 2020, which have the methods; the code is ours.
#include "support/base64_vectors.hpp"

#if defined(__x86_64__)
#include <immintrin.h>

#include <array>
#include <cstddef>

#include "support/base64_values.hpp"

namespace kclhost::host {
namespace {

// 32 characters to 24 bytes in front. What is returned is zero where a character is of the alphabet.
[[gnu::target("avx2")]] inline __m256i decode_block(__m256i block, __m256i& bytes) {
  // By a character's upper half: the row of the ASCII table it stands in, as a bit; by its lower half: the rows in
  // which no character of the alphabet stands there.
  const __m256i rows =
      _mm256_setr_epi8(0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10,
                       0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10);
  const __m256i outside =
      _mm256_setr_epi8(0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x13, 0x1a, 0x1b, 0x1b, 0x1b, 0x1a,
                       0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x13, 0x1a, 0x1b, 0x1b, 0x1b, 0x1a);
  // How far a row's characters are from their values. '/' is the one that does not go with its row.
  const __m256i distances = _mm256_setr_epi8(0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0, 0, 16, 19, 4,
                                             -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0);
  const __m256i low_half = _mm256_set1_epi8(0x0f);
  const __m256i upper = _mm256_and_si256(_mm256_srli_epi32(block, 4), low_half);
  const __m256i lower = _mm256_and_si256(block, low_half);
  const __m256i row = _mm256_add_epi8(_mm256_cmpeq_epi8(block, _mm256_set1_epi8('/')), upper);
  const __m256i values = _mm256_add_epi8(block, _mm256_shuffle_epi8(distances, row));
  // Six bits a byte, to twelve in two, to twenty-four in four, to three bytes, to the front.
  const __m256i pairs = _mm256_maddubs_epi16(values, _mm256_set1_epi32(0x01400140));
  const __m256i quads = _mm256_madd_epi16(pairs, _mm256_set1_epi32(0x00011000));
  const __m256i order = _mm256_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1, 2, 1, 0, 6, 5, 4, 10,
                                         9, 8, 14, 13, 12, -1, -1, -1, -1);
  bytes = _mm256_permutevar8x32_epi32(_mm256_shuffle_epi8(quads, order), _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 7, 7));
  return _mm256_and_si256(_mm256_shuffle_epi8(rows, upper), _mm256_shuffle_epi8(outside, lower));
}

[[gnu::target("avx2")]] inline __m256i load(const char* at) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
}
[[gnu::target("avx2")]] inline void store(char* at, __m256i bytes) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(at), bytes);
}

// Which bytes are left of 64 after four characters' bits were put together, and in which order.
constexpr auto byte_order = [] {
  std::array<unsigned char, 64> order{};
  for (std::size_t i = 0; i < 48; ++i) order[i] = static_cast<unsigned char>(i / 3 * 4 + 2 - i % 3);
  return order;
}();

}  // namespace

[[gnu::target("avx2")]] const char* decode_base64_avx2(const char* text, char* to) {
  constexpr std::size_t block_size = 32;
  __m256i block, bytes, foreign;
  for (;; text += block_size, to += block_size / 4 * 3) {
    block = load(text);
    foreign = decode_block(block, bytes);
    if (!_mm256_testz_si256(foreign, foreign)) break;
    store(to, bytes);
  }
  // An 'A', which stands for no bits, in place of what does not belong to the text.
  static constexpr auto fills = [] {
    std::array<char, 2 * block_size> all{};
    for (std::size_t i = block_size; i < all.size(); ++i) all[i] = -1;
    return all;
  }();
  const auto own = static_cast<unsigned>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(foreign, _mm256_setzero_si256())));
  const auto size = static_cast<std::size_t>(__builtin_ctz(~own));
  const __m256i filled = _mm256_blendv_epi8(block, _mm256_set1_epi8('A'), load(fills.data() + block_size - size));
  decode_block(filled, bytes);
  store(to, bytes);
  return text + size;
}

[[gnu::target("avx512f,avx512bw,avx512vbmi")]] const char* decode_base64_avx512(const char* text, char* to) {
  constexpr std::size_t block_size = 64;
  const __m512i lower = _mm512_loadu_si512(base64_values.data());
  const __m512i upper = _mm512_loadu_si512(base64_values.data() + block_size);
  const __m512i order = _mm512_loadu_si512(byte_order.data());
  for (;; text += block_size, to += block_size / 4 * 3) {
    const __m512i block = _mm512_loadu_si512(text);
    __m512i values = _mm512_permutex2var_epi8(lower, block, upper);  // looks at a code's lower seven bits
    const __mmask64 foreign = _mm512_movepi8_mask(_mm512_or_si512(values, block));
    if (foreign != 0) values = _mm512_maskz_mov_epi8((foreign & -foreign) - 1, values);
    const __m512i pairs = _mm512_maddubs_epi16(values, _mm512_set1_epi32(0x01400140));
    const __m512i quads = _mm512_madd_epi16(pairs, _mm512_set1_epi32(0x00011000));
    _mm512_storeu_si512(to, _mm512_maskz_permutexvar_epi8(~__mmask64{0}, order, quads));
    if (foreign != 0) return text + __builtin_ctzll(foreign);
  }
}

}  // namespace kclhost::host
#endif
