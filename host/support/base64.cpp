#include "support/base64.hpp"

#include <array>
#include <cstdint>

namespace kclhost::host::base64 {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t invalid = 0xff;

constexpr auto values = [] {
  std::array<std::uint8_t, 256> table{};
  table.fill(invalid);
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return table;
}();

}  // namespace

void encode(std::string_view bytes, std::string& out) {
  const std::size_t begin = out.size();
  out.resize(begin + (bytes.size() + 2) / 3 * 4);
  char* to = out.data() + begin;
  const auto* from = reinterpret_cast<const unsigned char*>(bytes.data());
  std::size_t left = bytes.size();
  for (; left >= 3; left -= 3, from += 3, to += 4) {
    const unsigned triple = static_cast<unsigned>(from[0] << 16 | from[1] << 8 | from[2]);
    to[0] = alphabet[triple >> 18];
    to[1] = alphabet[triple >> 12 & 63];
    to[2] = alphabet[triple >> 6 & 63];
    to[3] = alphabet[triple & 63];
  }
  if (left == 0) return;
  const unsigned triple = static_cast<unsigned>(from[0] << 16 | (left == 2 ? from[1] << 8 : 0));
  to[0] = alphabet[triple >> 18];
  to[1] = alphabet[triple >> 12 & 63];
  to[2] = left == 2 ? alphabet[triple >> 6 & 63] : '=';
  to[3] = '=';
}

std::optional<std::size_t> decode(std::string_view text, char* out) {
  if (text.size() % 4 != 0) return std::nullopt;
  if (text.empty()) return 0;
  const auto* from = reinterpret_cast<const unsigned char*>(text.data());
  char* to = out;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  unsigned bad = 0;  // one test at the end instead of one per character
  for (std::size_t quads = text.size() / 4 - (padding != 0); quads != 0; --quads, from += 4, to += 3) {
    const unsigned a = values[from[0]], b = values[from[1]], c = values[from[2]], d = values[from[3]];
    bad |= a | b | c | d;
    const unsigned triple = a << 18 | b << 12 | c << 6 | d;
    to[0] = static_cast<char>(triple >> 16);
    to[1] = static_cast<char>(triple >> 8);
    to[2] = static_cast<char>(triple);
  }
  if (padding != 0) {
    const unsigned a = values[from[0]], b = values[from[1]], c = padding == 1 ? values[from[2]] : 0;
    bad |= a | b | c;
    if ((padding == 1 ? c & 3 : b & 15) != 0) return std::nullopt;
    *to++ = static_cast<char>(a << 2 | b >> 4);
    if (padding == 1) *to++ = static_cast<char>(b << 4 | c >> 2);
  }
  if (bad > 63) return std::nullopt;
  return static_cast<std::size_t>(to - out);
}

}  // namespace kclhost::host::base64
