#include "support/base64_inplace.hpp"

#include <array>
#include <cstdint>

#include "support/base64_vector.hpp"

namespace kclhost {
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

}  // namespace

std::optional<std::size_t> decode_base64_in_place(char* text, std::size_t size) {
  if (size == 0) return 0;
  if (size % 4 != 0) return std::nullopt;
  const std::size_t padding = text[size - 1] != '=' ? 0 : text[size - 2] != '=' ? 1 : 2;
  const std::size_t done = decode_base64_vectors(text, size - padding);
  if (done == size - padding) return size / 4 * 3 - padding;
  // What they could not do, or would not.
  const auto* in = reinterpret_cast<const unsigned char*>(text) + done;
  const auto* const last = reinterpret_cast<const unsigned char*>(text) + size - 4;
  char* out = text + done / 4 * 3;
  // All but the last four, which may hold padding; each write stays behind what was read.
  for (; in != last; in += 4) {
    const std::uint32_t bits = first[in[0]] | second[in[1]] | third[in[2]] | fourth[in[3]];
    if (bits & bad) return std::nullopt;
    *out++ = static_cast<char>(bits >> 16);
    *out++ = static_cast<char>(bits >> 8);
    *out++ = static_cast<char>(bits);
  }
  const std::uint32_t bits =
      first[in[0]] | second[in[1]] | (padding < 2 ? third[in[2]] : 0) | (padding < 1 ? fourth[in[3]] : 0);
  if (bits & bad) return std::nullopt;
  *out++ = static_cast<char>(bits >> 16);
  if (padding < 2) *out++ = static_cast<char>(bits >> 8);
  if (padding < 1) *out++ = static_cast<char>(bits);
  return static_cast<std::size_t>(out - text);
}

}  // namespace kclhost
