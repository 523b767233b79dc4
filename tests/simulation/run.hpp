// Runs worlds one after another.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "simulation/world.hpp"

namespace kclhost::host::simulation {

struct Totals {
  std::uint64_t worlds = 0, lives = 0, steps = 0, deliveries = 0, deaths = 0;
};

// The first world that breaks a promise: its seed, and what was broken.
struct Found {
  std::uint64_t seed;
  std::string what;
};

inline std::optional<Found> run(std::uint64_t first_seed, std::uint64_t worlds, bool story, Totals& totals) {
  for (std::uint64_t seed = first_seed; seed < first_seed + worlds; ++seed) {
    World world(seed, story);
    ++totals.worlds;
    try {
      world.run();
    } catch (const Violation& violation) {
      return Found{seed, violation.what};
    }
    totals.lives += world.lives();
    totals.steps += world.steps();
    totals.deliveries += world.deliveries();
    totals.deaths += world.deaths();
  }
  return std::nullopt;
}

}  // namespace kclhost::host::simulation
