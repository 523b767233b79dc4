#include "launch/properties.hpp"

#include <cstdint>

namespace kclhost::host::launch {
namespace {

constexpr char32_t replacement = 0xFFFD;

// Takes the first code point off text, which is not empty.
char32_t next_code_point(std::string_view& text) {
  const auto lead = static_cast<unsigned char>(text.front());
  text.remove_prefix(1);
  if (lead < 0x80) return lead;
  const int following = lead >= 0xF0 && lead <= 0xF4 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC2 ? 1 : 0;
  if (following == 0 || lead > 0xF4) return replacement;
  char32_t code_point = lead & (0x3Fu >> following);
  for (int i = 0; i < following; ++i) {
    if (text.empty() || (static_cast<unsigned char>(text.front()) & 0xC0) != 0x80) return replacement;
    code_point = code_point << 6 | (static_cast<unsigned char>(text.front()) & 0x3Fu);
    text.remove_prefix(1);
  }
  const bool overlong = code_point < (following == 1 ? 0x80u : following == 2 ? 0x800u : 0x10000u);
  const bool surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
  return overlong || surrogate || code_point > 0x10FFFF ? replacement : code_point;
}

void append_unit(std::string& out, char32_t unit) {
  constexpr char digits[] = "0123456789ABCDEF";
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += digits[unit >> shift & 0xFu];
}

void append_escaped(std::string& out, std::string_view text, bool is_key) {
  bool leading = true;  // leading blanks are skipped by the reader, in a key every blank ends it
  while (!text.empty()) {
    const char32_t c = next_code_point(text);
    if (c == ' ' && !leading && !is_key) {
      out += ' ';
      continue;
    }
    leading = leading && c == ' ';
    switch (c) {
      case ' ':
      case '\\':
      case '=':
      case ':':
      case '#':
      case '!':
        out += '\\';
        out += static_cast<char>(c);
        break;
      case '\t':
        out += "\\t";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\f':
        out += "\\f";
        break;
      default:
        if (c >= 0x20 && c < 0x7F) {
          out += static_cast<char>(c);
        } else if (c <= 0xFFFF) {
          append_unit(out, c);
        } else {
          append_unit(out, 0xD800 + ((c - 0x10000) >> 10));
          append_unit(out, 0xDC00 + ((c - 0x10000) & 0x3FF));
        }
    }
  }
}

}  // namespace

std::string format_properties(const std::map<std::string, std::string>& properties) {
  std::string out;
  for (const auto& [key, value] : properties) {
    append_escaped(out, key, true);
    out += '=';
    append_escaped(out, value, false);
    out += '\n';
  }
  return out;
}

}  // namespace kclhost::host::launch
