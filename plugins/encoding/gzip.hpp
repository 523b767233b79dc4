// Compression, for plugins.
#pragma once

#include <string>
#include <string_view>

namespace encoding {

// As gzip makes it of a file. Throws std::bad_alloc.
std::string gzipped(std::string_view content);

}  // namespace encoding
