// What an unquoted YAML scalar means by the core schema of YAML 1.2.2 (section 10.3.2).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace kclhost::host::config {

enum class ScalarType { null, boolean, integer, floating, not_finite, string };

ScalarType core_type(std::string_view text);

// true, True, TRUE, false, False, FALSE; nothing otherwise.
std::optional<bool> core_boolean(std::string_view text);

// A scalar of type integer or floating as a JSON number with the same digits; hexadecimal and octal ones become
// decimal. Nothing for hexadecimal and octal numbers of more than 64 bits, and for text of another type.
std::optional<std::string> json_number(std::string_view text);

}  // namespace kclhost::host::config
