// Thousands of random worlds. A failure names its seed: KCLHOST_RANDOM_SEED=N runs that one world again, with each
// number of lanes; KCLHOST_RANDOM_RUNS=N runs so many.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <random>

#include "policy_random.hpp"

namespace kclhost::host::policy {
namespace {

class RandomWorld : public testing::TestWithParam<unsigned> {};

TEST_P(RandomWorld, KeepsEveryPromise) {
  const std::uint64_t first = first_seed();
  const std::uint64_t runs = run_count();
  std::cout << "seeds from " << first << ", " << runs << " worlds\n";
  std::size_t deliveries = 0, records = 0;
  for (std::uint64_t seed = first; seed < first + runs; ++seed) {
    World<> world(seed, GetParam(), seed_text() != nullptr);
    try {
      world.run();
    } catch (const Violation& violation) {
      FAIL() << violation.what << "; to see it again: KCLHOST_RANDOM_SEED=" << seed;
    }
    deliveries += world.deliveries();
    records += world.records();
  }
  std::cout << records << " records, " << deliveries << " deliveries\n";
}

INSTANTIATE_TEST_SUITE_P(Lanes, RandomWorld, testing::Values(1u, 2u, 8u),
                         [](const auto& run) { return std::to_string(run.param); });

}  // namespace
}  // namespace kclhost::host::policy
