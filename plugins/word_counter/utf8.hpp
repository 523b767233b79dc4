#pragma once

#include <string>
#include <string_view>

namespace word_counter {

// bytes with everything that is not well-formed UTF-8 replaced by U+FFFD.
std::string to_utf8(std::string_view bytes);

}  // namespace word_counter
