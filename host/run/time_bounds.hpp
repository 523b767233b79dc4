// The buckets of times.
#pragma once

#include <vector>

namespace kclhost::host::run {

// Seconds, from a millisecond to five minutes.
inline std::vector<double> time_bounds() {
  return {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300};
}

}  // namespace kclhost::host::run
