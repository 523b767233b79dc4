#include "shard/pace.hpp"

#include <gtest/gtest.h>

namespace kclhost::host {
namespace {

using namespace std::chrono_literals;

TEST(Pace, IsKnownFromTheFirstCallOn) {
  Pace pace;
  EXPECT_FALSE(pace.is_known());
  pace.add(1, 20ms);
  EXPECT_TRUE(pace.is_known());
  EXPECT_EQ(pace.of(1), 20ms);
}

TEST(Pace, ACallIsAsLongAsTheLongestOrAsItsRecordsAre) {
  Pace pace;
  pace.add(100, 500ms);
  pace.add(900, 500ms);
  EXPECT_EQ(pace.of(1), 500ms) << "one like it may come again";
  EXPECT_EQ(pace.of(10'000), 10s) << "there were never so many at once";
}

TEST(Pace, ManyShortCallsAreNotNothing) {
  Pace pace;
  for (int i = 0; i < 10; ++i) pace.add(1, 0ms);
  EXPECT_EQ(pace.of(1'000), 1s);
}

TEST(Pace, WhatWasLongAgoIsForgotten) {
  Pace pace;
  pace.add(1, 60s);
  for (int i = 0; i < 2'000; ++i) pace.add(1'000, 10ms);
  EXPECT_LT(pace.of(1'000), 100ms);
  EXPECT_GE(pace.of(1'000), 10ms);
}

}  // namespace
}  // namespace kclhost::host
