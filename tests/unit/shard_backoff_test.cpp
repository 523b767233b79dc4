#include "shard/backoff.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace kclhost::host {
namespace {

using config::Milliseconds;
using config::Retry;
using namespace std::chrono_literals;

struct Bounds {
  Milliseconds least, most;
};

Bounds of_many(const Retry& retry, int attempt) {
  std::mt19937 random(1);
  Bounds bounds{Milliseconds::max(), Milliseconds::min()};
  for (int i = 0; i < 3'000; ++i) {
    const Milliseconds wait = backoff(retry, attempt, random);
    bounds = {std::min(bounds.least, wait), std::max(bounds.most, wait)};
  }
  return bounds;
}

TEST(Backoff, DoublesUpToItsMaximumAndIsShortenedByUpToHalf) {
  const Retry retry{100, 200ms, 5'000ms};
  for (const auto& [attempt, full] : {std::pair{1, 200ms},
                                      {2, 400ms},
                                      {3, 800ms},
                                      {4, 1'600ms},
                                      {5, 3'200ms},
                                      {6, 5'000ms},
                                      {7, 5'000ms},
                                      {40, 5'000ms},
                                      {1'000'000, 5'000ms},
                                      {INT_MAX, 5'000ms}}) {
    const Bounds bounds = of_many(retry, attempt);
    EXPECT_GE(bounds.least, full / 2) << "attempt " << attempt;
    EXPECT_LE(bounds.most, full) << "attempt " << attempt;
    // Shards that failed together do not come back together.
    EXPECT_GT(bounds.most - bounds.least, full / 4) << "attempt " << attempt;
  }
}

TEST(Backoff, NeverWaitsLongerThanItsMaximum) {
  for (int attempt = 1; attempt < 50; ++attempt) {
    EXPECT_LE(of_many({5, 10'000ms, 300ms}, attempt).most, 300ms) << attempt;
    EXPECT_LE(of_many({5, Milliseconds(INT64_MAX), Milliseconds(INT64_MAX)}, attempt).most, Milliseconds(INT64_MAX));
  }
}

TEST(Backoff, MayBeNothing) {
  EXPECT_EQ(of_many({5, 0ms, 0ms}, 1).most, 0ms);
  EXPECT_EQ(of_many({5, 0ms, 10s}, 7).most, 0ms);
  EXPECT_EQ(of_many({5, 10ms, 0ms}, 7).most, 0ms);
  EXPECT_LE(of_many({5, 1ms, 1ms}, 3).most, 1ms);
}

}  // namespace
}  // namespace kclhost::host
