#include "config/odd_characters.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>

namespace kclhost::host::config {
namespace {

struct Range {
  char32_t first, last;
  std::string_view name;
  std::string_view cure;
  bool quote = false;
};

constexpr std::string_view type_space = "type a plain space";
constexpr std::string_view remove_it = "remove it";
constexpr std::string_view type_quote = "type a plain quote, \" or '";
constexpr std::array ranges{
    Range{0x00A0, 0x00A0, "a no-break space", type_space},
    Range{0x00AD, 0x00AD, "a soft hyphen", remove_it},
    Range{0x2000, 0x200A, "a typographic space", type_space},
    Range{0x200B, 0x200F, "an invisible character", remove_it},
    Range{0x2018, 0x201F, "a typographic quote", type_quote, true},
    Range{0x2028, 0x202E, "an invisible character", remove_it},
    Range{0x202F, 0x202F, "a no-break space", type_space},
    Range{0x205F, 0x205F, "a typographic space", type_space},
    Range{0x2060, 0x206F, "an invisible character", remove_it},
    Range{0x3000, 0x3000, "a wide space", type_space},
    Range{0xFEFF, 0xFEFF, "a byte order mark", remove_it},
};

// The code point at an offset of valid UTF-8, and its size in bytes.
char32_t code_point(std::string_view text, std::size_t at, std::size_t& size) {
  const auto byte = [&](std::size_t i) { return static_cast<char32_t>(static_cast<unsigned char>(text[i])); };
  const char32_t lead = byte(at);
  size = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  size = std::min(size, text.size() - at);
  char32_t value = size == 1 ? lead : lead & (0x7Fu >> size);
  for (std::size_t i = 1; i < size; ++i) value = value << 6 | (byte(at + i) & 0x3Fu);
  return value;
}

template <class Wanted>
std::optional<OddCharacter> find(std::string_view text, Wanted wanted) {
  for (std::size_t at = 0, size = 1; at < text.size(); at += size) {
    const char32_t c = code_point(text, at, size);
    const auto range =
        std::find_if(ranges.begin(), ranges.end(), [c](const Range& one) { return c >= one.first && c <= one.last; });
    if (range == ranges.end() || !wanted(*range, at, at + size)) continue;
    char number[16];
    std::snprintf(number, sizeof number, " (U+%04X)", static_cast<unsigned>(c));
    return OddCharacter{at, std::string(range->name) + number, range->cure, range->quote};
  }
  return std::nullopt;
}

}  // namespace

std::optional<OddCharacter> find_odd_character(std::string_view text) {
  return find(text, [](const Range&, std::size_t, std::size_t) { return true; });
}

std::optional<OddCharacter> find_misplaced_character(std::string_view text) {
  return find(text, [text](const Range& range, std::size_t begin, std::size_t end) {
    return !range.quote || begin == 0 || end == text.size();
  });
}

std::string objection_to_characters(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return "has a NUL character in it";
  const auto odd = find_misplaced_character(text);
  return odd ? "has " + odd->name + " in it; " + std::string(odd->cure) : "";
}

}  // namespace kclhost::host::config
