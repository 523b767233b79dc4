// UTF-8 validity, as RFC 3629 has it: no overlong forms, no surrogates, nothing beyond U+10FFFF.
#pragma once

#include <cstddef>
#include <string_view>

namespace kclhost::host {

// The offset of the first byte that is not UTF-8 text (NUL counts as such), npos when all is well.
std::size_t first_bad_byte(std::string_view text);

}  // namespace kclhost::host
