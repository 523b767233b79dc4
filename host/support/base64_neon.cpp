// After W. Mula and D. Lemire, "Base64 encoding and decoding at almost the speed of a memory copy", Software: Practice
// and Experience 50 (2), 2020, which has the method: look every code up in a table that fits the registers. The code is
// ours.
#include "support/base64_vectors.hpp"

#if defined(__aarch64__)
#include <arm_neon.h>

#include <bit>
#include <cstddef>
#include <cstdint>

#include "support/base64_values.hpp"

namespace kclhost::host {

static_assert(std::endian::native == std::endian::little);  // or a lane's bytes would be found in another order

const char* decode_base64_neon(const char* text, char* to) {
  constexpr std::size_t block_size = 64;
  const uint8x16x4_t lower = vld1q_u8_x4(base64_values.data()), upper = vld1q_u8_x4(base64_values.data() + block_size);
  // A code over 63 is in no row of `lower` and counts as nothing there; less 64, all but those up to 127 are in none of
  // `upper`.
  const auto value_of = [&](uint8x16_t code) {
    return vqtbx4q_u8(vqtbl4q_u8(lower, code), upper, vsubq_u8(code, vdupq_n_u8(64)));
  };
  for (;; text += block_size, to += block_size / 4 * 3) {
    // Each fourth character to a vector of its own, and so again for each third byte.
    const uint8x16x4_t codes = vld4q_u8(reinterpret_cast<const std::uint8_t*>(text));
    const uint8x16_t first = value_of(codes.val[0]), second = value_of(codes.val[1]);
    const uint8x16_t third = value_of(codes.val[2]), fourth = value_of(codes.val[3]);
    // What is not of the alphabet has the uppermost bit, in its value or, over 127, in its code.
    const uint8x16_t foreign0 = vorrq_u8(first, codes.val[0]), foreign1 = vorrq_u8(second, codes.val[1]);
    const uint8x16_t foreign2 = vorrq_u8(third, codes.val[2]), foreign3 = vorrq_u8(fourth, codes.val[3]);
    const uint8x16_t any = vorrq_u8(vorrq_u8(foreign0, foreign1), vorrq_u8(foreign2, foreign3));
    uint8x16x3_t bytes;
    bytes.val[0] = vsliq_n_u8(vshrq_n_u8(second, 4), first, 2);
    bytes.val[1] = vsliq_n_u8(vshrq_n_u8(third, 2), second, 4);
    bytes.val[2] = vsliq_n_u8(fourth, third, 6);
    vst3q_u8(reinterpret_cast<std::uint8_t*>(to), bytes);
    if (vmaxvq_u8(any) < no_base64_value) continue;
    // Each lane's four bits, in the characters' order, put together to 64.
    uint8x16_t bits = vsriq_n_u8(foreign3, foreign2, 1);
    bits = vsriq_n_u8(bits, foreign1, 2);
    bits = vsriq_n_u8(bits, foreign0, 3);
    bits = vsriq_n_u8(bits, bits, 4);
    const uint8x8_t all = vshrn_n_u16(vreinterpretq_u16_u8(bits), 4);
    return text + std::countr_zero(vget_lane_u64(vreinterpret_u64_u8(all), 0));
  }
}

}  // namespace kclhost::host
#endif
