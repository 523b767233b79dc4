// Base64 decoded where it stands.
#pragma once

#include <cstddef>
#include <optional>

namespace kclhost {

// Decodes RFC 4648 base64 (padded, no line breaks) over itself; the result begins at `text` and its size is returned.
// Nothing when the text is not base64; part of it may have been overwritten then.
std::optional<std::size_t> decode_base64_in_place(char* text, std::size_t size);

}  // namespace kclhost
