#include "shard/lane_order.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace kclhost::host {
namespace {

TEST(LaneOrder, StopsBeforeTheFirstUnfinishedRecord) {
  LaneOrder order(4);
  std::vector<std::uint32_t> lane_of, index_of, in_lane(4), finished(4);
  for (std::uint32_t i = 0; i < 200; ++i) {
    const std::uint32_t lane = i * i % 7 % 4;
    order.add(lane);
    lane_of.push_back(lane);
    index_of.push_back(in_lane[lane]++);
  }
  const auto of = [&](std::uint32_t lane) { return finished[lane]; };
  std::uint32_t first_unfinished = 0;
  EXPECT_FALSE(order.advance(of));
  // The lanes come forward in turns, at different speed.
  for (std::uint32_t step = 0; first_unfinished < 200; ++step) {
    const std::uint32_t lane = step * step / 3 % 5 % 4;
    if (finished[lane] < in_lane[lane]) ++finished[lane];
    const std::uint32_t before = first_unfinished;
    while (first_unfinished < 200 && index_of[first_unfinished] < finished[lane_of[first_unfinished]]) {
      ++first_unfinished;
    }
    ASSERT_EQ(order.advance(of), first_unfinished > before);
    if (first_unfinished > before) {
      EXPECT_EQ(order.last_finished().lane, lane_of[first_unfinished - 1]);
      EXPECT_EQ(order.last_finished().index, index_of[first_unfinished - 1]);
    }
    for (std::uint32_t each = 0; each < 4; ++each) {
      EXPECT_EQ(order.is_first(each), first_unfinished < 200 && lane_of[first_unfinished] == each);
      EXPECT_EQ(order.passed(each),
                static_cast<std::uint32_t>(std::count(lane_of.begin(), lane_of.begin() + first_unfinished, each)));
    }
  }
}

TEST(LaneOrder, GoesOnWhenRecordsLeaveTheirLane) {
  LaneOrder order(2);
  for (const std::uint32_t lane : {0u, 1u, 0u}) order.add(lane);
  std::vector<std::uint32_t> finished{1, 0};
  const auto of = [&](std::uint32_t lane) { return finished[lane]; };
  EXPECT_TRUE(order.advance(of));
  order.dropped(0, order.passed(0));
  finished = {0, 1};
  EXPECT_TRUE(order.advance(of));
  EXPECT_TRUE(order.is_first(0));
  finished = {1, 1};
  EXPECT_TRUE(order.advance(of));
  EXPECT_EQ(order.last_finished().index, 0u);
  EXPECT_FALSE(order.is_first(0) || order.is_first(1));
}

TEST(LaneOrder, KeepsItsPlaceOverManyBatches) {
  LaneOrder order(2);
  std::uint32_t finished = 0;
  const auto of = [&](std::uint32_t lane) { return lane == 0 ? finished : 0; };
  for (int batch = 0; batch < 100; ++batch) {
    for (int i = 0; i < 1000; ++i) order.add(0);
    finished += 999;  // one is left each time
    order.advance(of);
    EXPECT_EQ(order.passed(0), 999u);
    order.dropped(0, 999);
    finished = 0;
  }
  EXPECT_TRUE(order.is_first(0));
}

}  // namespace
}  // namespace kclhost::host
