#pragma once

#include <string>
#include <string_view>

namespace kclhost::host::aws {

// Percent-encodes all but letters, digits, "-_.~" and what is in keep.
std::string uri_encode(std::string_view text, std::string_view keep = "");

}  // namespace kclhost::host::aws
