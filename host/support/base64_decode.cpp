#include "support/base64_decode.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "support/base64_vectors.hpp"
#include "support/cpu_features.hpp"

namespace kclhost::host {
namespace {

constexpr std::uint32_t bad = 0x01000000;  // a bit that no three bytes reach

using Table = std::array<std::uint32_t, 256>;

constexpr Table make_table(unsigned shift) {
  constexpr char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  Table table{};
  for (auto& entry : table) entry = bad;
  for (std::uint32_t i = 0; i < 64; ++i) table[static_cast<unsigned char>(alphabet[i])] = i << shift;
  return table;
}

constexpr Table first = make_table(18), second = make_table(12), third = make_table(6), fourth = make_table(0);

// The characters up to the first that is none of the alphabet; what is missing to four of them counts as no bits.
const char* decode_by_table(const char* text, char* to) {
  const auto* at = reinterpret_cast<const unsigned char*>(text);
  for (;; at += 4, to += 3) {
    std::uint32_t bits = first[at[0]] | second[at[1]] | third[at[2]] | fourth[at[3]];
    std::size_t valid = 4;
    if (bits & bad) {
      bits = 0;
      for (valid = 0; valid < 3; ++valid) {
        const std::uint32_t more = (valid == 0 ? first : valid == 1 ? second : third)[at[valid]];
        if (more & bad) break;
        bits |= more;
      }
    }
    to[0] = static_cast<char>(bits >> 16);
    to[1] = static_cast<char>(bits >> 8);
    to[2] = static_cast<char>(bits);
    if (valid != 4) return reinterpret_cast<const char*>(at) + valid;
  }
}

}  // namespace

std::span<const Base64Kernel> base64_kernels() {
  static const Base64Kernel kernels[] = {
#if defined(__x86_64__)
    {"avx512", has_avx512_vbmi(), decode_base64_avx512},
    {"avx2", has_avx2(), decode_base64_avx2},
#elif defined(__aarch64__)
    {"neon", true, decode_base64_neon},
#endif
    {"table", true, decode_by_table},
  };
  return kernels;
}

DecodedBase64 decode_base64(const char* text, char* to) {
  static const Base64Kernel& quickest = *std::ranges::find_if(base64_kernels(), &Base64Kernel::usable);
  return decode_base64(text, to, quickest);
}

DecodedBase64 decode_base64(const char* text, char* to, const Base64Kernel& kernel) {
  const char* const end = kernel.decode(text, to);
  const auto characters = static_cast<std::size_t>(end - text);
  const std::size_t size = characters / 4 * 3;
  switch (characters % 4) {
    case 0:
      return {end, size};
    case 2:
      if (end[0] == '=' && end[1] == '=') return {end + 2, size + 1};
      break;
    case 3:
      if (end[0] == '=') return {end + 1, size + 2};
  }
  return {text + characters / 4 * 4, size};
}

}  // namespace kclhost::host
