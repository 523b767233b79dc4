// Text as a JSON string.
#pragma once

#include <string>
#include <string_view>

namespace kclhost::host {

// Appends `text`, quoted and escaped. Always valid JSON: bytes that are not UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view text);

}  // namespace kclhost::host
