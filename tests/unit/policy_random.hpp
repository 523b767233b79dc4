// How many random worlds, and which.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <random>

#include "policy_world.hpp"

namespace kclhost::host::policy {

inline const char* seed_text() {
  return std::getenv("KCLHOST_RANDOM_SEED");
}

inline std::uint64_t first_seed() {
  if (seed_text() != nullptr) return std::strtoull(seed_text(), nullptr, 10);
  return std::random_device{}();
}

inline std::uint64_t run_count() {
  if (const char* runs = std::getenv("KCLHOST_RANDOM_RUNS")) return std::strtoull(runs, nullptr, 10);
  if (seed_text() != nullptr) return 1;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return 300;
#elif defined(__OPTIMIZE__)
  return 4'000;
#else
  return 1'000;
#endif
}

}  // namespace kclhost::host::policy
