#pragma once

#include <chrono>

namespace kclhost::host {

// Ctrl-C, timeout(1) and some service managers signal twice in the same breath: that is one request.
inline constexpr std::chrono::seconds second_thoughts{1};

}  // namespace kclhost::host
