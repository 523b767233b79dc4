#include "launch/cold_start.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kclhost::host::launch {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

const Clock::time_point start{};

TEST(ColdStart, TellsEachWaitOnce) {
  ColdStart cold(5s);
  EXPECT_THAT(cold.line_for(Sign::table_empty, start), HasSubstr("has no leases yet; the KCL waits up to 30 s"));
  EXPECT_EQ(cold.line_for(Sign::table_empty, start + 15s), "");
  EXPECT_THAT(cold.line_for(Sign::makes_leases, start + 20s), HasSubstr("makes the leases"));
  EXPECT_THAT(cold.line_for(Sign::begun, start + 30s), HasSubstr("in about 8 s at most"));
  EXPECT_EQ(cold.line_for(Sign::begun, start + 60s), "");
}

TEST(ColdStart, SaysNotMoreThanALineInTenSeconds) {
  ColdStart cold(5s);
  EXPECT_NE(cold.line_for(Sign::table_empty, start), "");
  EXPECT_EQ(cold.line_for(Sign::makes_leases, start + 9s), "");
  EXPECT_NE(cold.line_for(Sign::begun, start + 10s), "");
}

TEST(ColdStart, SaysNothingOfAnApplicationThatGoesOn) {
  ColdStart cold(5s);
  EXPECT_EQ(cold.line_for(Sign::makes_leases, start), "");
  EXPECT_EQ(cold.line_for(Sign::begun, start + 20s), "");
  EXPECT_EQ(cold.line_for(Sign::table_empty, start + 40s), "");
}

TEST(ColdStart, IsOverWithTheFirstShard) {
  ColdStart cold(5s);
  EXPECT_NE(cold.line_for(Sign::table_empty, start), "");
  EXPECT_EQ(cold.line_for(Sign::first_shard, start + 20s), "");
  EXPECT_EQ(cold.line_for(Sign::begun, start + 40s), "");
}

TEST(ColdStart, DoesNotMindOtherSigns) {
  ColdStart cold(5s);
  EXPECT_EQ(cold.line_for(Sign::none, start), "");
  EXPECT_EQ(cold.line_for(Sign::gave_up, start), "");
  EXPECT_NE(cold.line_for(Sign::table_empty, start), "");
}

}  // namespace
}  // namespace kclhost::host::launch
