#pragma once

#include <chrono>
#include <cstdint>

namespace kclhost::host {

// Milliseconds since 1970, UTC. It may jump.
inline std::int64_t wall_clock_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

}  // namespace kclhost::host
