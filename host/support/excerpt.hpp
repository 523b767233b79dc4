// Foreign bytes made fit for a log line.
#pragma once

#include <string>
#include <string_view>

namespace kclhost::host {

// The first `most` bytes of `bytes`; what is not printable ASCII as \xNN, an ellipsis where something was cut.
std::string excerpt(std::string_view bytes, std::size_t most = 40);

}  // namespace kclhost::host
