// Names from elsewhere made fit for a file system.
#pragma once

#include <string>
#include <string_view>

namespace kclhost::host {

// `text` with all but letters, digits, dot, dash and underscore percent-encoded; never empty, ".", ".." or hidden.
std::string file_name(std::string_view text);

}  // namespace kclhost::host
