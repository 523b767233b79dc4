// Java properties text.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace kclhost::host::launch {

// The properties as java.util.Properties.load(InputStream) reads them: Latin-1, all else escaped. Keys and values are
// UTF-8; what is not valid UTF-8 becomes U+FFFD. One line each, in key order.
std::string format_properties(const std::map<std::string, std::string>& properties);

}  // namespace kclhost::host::launch
