// How often a host's shard changed its release, by how that ended.
#pragma once

#include <cstdint>

namespace kclhost::host::run {

struct Swaps {
  std::uint64_t taken = 0;    // the shard went over to another release, on trial or not, forth or back
  std::uint64_t refused = 0;  // a candidate could not be used, or could not take over: the one before went on
  std::uint64_t undone = 0;   // this host ended a trial, because of what the release did

  bool operator==(const Swaps&) const = default;
};

}  // namespace kclhost::host::run
