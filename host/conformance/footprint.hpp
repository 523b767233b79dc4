// What a process takes of the machine.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>

namespace kclhost::host::conformance {

struct Footprint {
  std::uint64_t allocated = 0;  // bytes, as its allocator counts them
  std::uint64_t memory = 0;     // bytes that it has written to, whoever allocated them
  std::uint64_t descriptors = 0;
  std::uint64_t threads = 0;
};

// Nothing where the system does not tell. What was allocated is for the process to say.
std::optional<Footprint> footprint_of(pid_t process);

}  // namespace kclhost::host::conformance
