// Base64 of RFC 4648 section 4, padded.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace kclhost::host::aws {

std::string base64_encode(std::string_view bytes);

// Empty optional: not base64. Strict: no white space, padding required.
std::optional<std::string> base64_decode(std::string_view text);

}  // namespace kclhost::host::aws
