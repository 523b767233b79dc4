// Thousands of seeded worlds, always the same ones: what breaks a promise here breaks it everywhere. In parts, so that
// they run side by side. tests/simulation/run has as many others as you like.
#include <gtest/gtest.h>

#include <iostream>

#include "simulation/run.hpp"

namespace kclhost::host::simulation {
namespace {

constexpr std::uint64_t parts = 4;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::uint64_t worlds = 1'000;
#elif defined(__OPTIMIZE__)
constexpr std::uint64_t worlds = 50'000;
#else
constexpr std::uint64_t worlds = 5'000;
#endif

class Worlds : public testing::TestWithParam<std::uint64_t> {};

TEST_P(Worlds, KeepEveryPromise) {
  Totals totals;
  const auto found = run(1 + GetParam() * worlds, worlds, false, totals);
  if (found) {
    FAIL() << "seed " << found->seed << ": " << found->what << "\nto see it: kclhost_simulation --seed " << found->seed
           << " --verbose";
  }
  std::cout << totals.worlds << " worlds, " << totals.lives << " lives of the host, " << totals.deliveries
            << " deliveries, " << totals.deaths << " workers died of a record\n";
}

INSTANTIATE_TEST_SUITE_P(Part, Worlds, testing::Range(std::uint64_t{0}, parts));

// The same seed is the same world.
TEST(World, FollowsFromItsSeed) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    World one(seed, false), other(seed, false);
    one.run();
    other.run();
    EXPECT_EQ(one.steps(), other.steps());
    EXPECT_EQ(one.deliveries(), other.deliveries());
  }
}

}  // namespace
}  // namespace kclhost::host::simulation
