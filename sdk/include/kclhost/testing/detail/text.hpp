// Which texts kclhost takes from a plugin. No part of the interface.
#ifndef KCLHOST_TESTING_DETAIL_TEXT_HPP
#define KCLHOST_TESTING_DETAIL_TEXT_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace kclhost::testing::detail {

// UTF-8 without a NUL.
inline bool is_text(std::string_view bytes) {
  constexpr std::uint32_t least[] = {1, 0x80, 0x800, 0x10000};  // of a character with so many bytes behind its first
  while (!bytes.empty()) {
    const auto lead = static_cast<unsigned char>(bytes[0]);
    const std::size_t more = lead < 0x80   ? 0
                             : lead < 0xC0 ? 4
                             : lead < 0xE0 ? 1
                             : lead < 0xF0 ? 2
                             : lead < 0xF8 ? 3
                                           : 4;
    if (more >= 4 || bytes.size() <= more) return false;
    std::uint32_t character = more == 0 ? lead : lead & (0x3Fu >> more);
    for (std::size_t i = 1; i <= more; ++i) {
      const auto next = static_cast<unsigned char>(bytes[i]);
      if ((next & 0xC0) != 0x80) return false;
      character = character << 6 | (next & 0x3F);
    }
    const bool surrogate = character >= 0xD800 && character <= 0xDFFF;
    if (character < least[more] || surrogate || character > 0x10FFFF) return false;
    bytes.remove_prefix(more + 1);
  }
  return true;
}

// Such a text without control characters.
inline bool is_one_line(std::string_view text) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; };
  const auto is_late_control = [](char c, char next) {  // U+0080 to U+009F
    return c == '\xc2' && static_cast<unsigned char>(next) < 0xa0;
  };
  return is_text(text) && std::none_of(text.begin(), text.end(), is_control) &&
         std::adjacent_find(text.begin(), text.end(), is_late_control) == text.end();
}

}  // namespace kclhost::testing::detail

#endif  // KCLHOST_TESTING_DETAIL_TEXT_HPP
