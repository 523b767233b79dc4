#pragma once

#include <string>
#include <string_view>

namespace kclhost::host {

// SHA-256 as lower-case hex.
std::string sha256_hex(std::string_view bytes);

}  // namespace kclhost::host
