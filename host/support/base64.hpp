// Base64 as RFC 4648 section 4 has it: the standard alphabet, padded, no line breaks.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace kclhost::host::base64 {

// Appends the text for `bytes` to `out`.
void encode(std::string_view bytes, std::string& out);

// Decodes into `out`, which must have room for text.size() / 4 * 3 bytes, and returns how many were written. Nothing
// when the text is not strictly base64 (length, alphabet, padding, unused bits not zero); `out` then holds garbage.
std::optional<std::size_t> decode(std::string_view text, char* out);

// How many bytes `text` decodes to, if it is base64.
constexpr std::size_t decoded_size(std::string_view text) {
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  return text.size() / 4 * 3 - (text.size() < 4 ? 0 : padding);
}

}  // namespace kclhost::host::base64
