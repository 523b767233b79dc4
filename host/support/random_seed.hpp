// A number that differs from process to process, to spread waits with.
#pragma once

#include <unistd.h>

#include <cstdint>

namespace kclhost::host {

// std::random_device asks the processor what it can first, which takes 20 microseconds on virtual machines.
inline std::uint32_t random_seed() {
  std::uint32_t seed = 0;
  if (::getentropy(&seed, sizeof seed) != 0) seed = static_cast<std::uint32_t>(::getpid());
  return seed;
}

}  // namespace kclhost::host
