#include "batch/position.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core_messages.hpp"

namespace kclhost::host {
namespace {

TEST(Position, OrderIsTheShards) {
  // From first to last.
  const std::vector<Position> places = {
      {"", 0},
      {"0", 0},
      {"1", 0},
      {"1", 1},
      {"1", 2},
      {"2", 0},
      {"9", 5},
      {"10", 0},
      {"99", 9},
      {"100", 0},
      {"49680460045350437553841415682306828536673896419960029186", 0},
      {"49680460045350437553841415682306828536673896419960029186", 1},
      {"49680460045350437553841415682306828536673896419960029187", 0},
      {"49680460045350437553841415682308037462493511049134735362", 0},
  };
  for (std::size_t a = 0; a < places.size(); ++a) {
    for (std::size_t b = 0; b < places.size(); ++b) {
      EXPECT_EQ(places[a] < places[b], a < b) << places[a].str() << " and " << places[b].str();
      EXPECT_EQ(places[a] == places[b], a == b) << places[a].str() << " and " << places[b].str();
    }
  }
}

TEST(Position, WhatIsNoNumberComesBeforeEveryRecord) {
  for (const char* start : {"", "TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"}) {
    EXPECT_TRUE((Position{start, 0} < Position{"0", 0})) << start;
    EXPECT_FALSE((Position{"0", 0} < Position{start, 0})) << start;
    EXPECT_EQ(compare_sequence_numbers(start, "TRIM_HORIZON"), std::strong_ordering::equal);
  }
}

TEST(Position, Text) {
  EXPECT_EQ((Position{"123", 4}).str(), "123/4");
  EXPECT_TRUE(Position{}.none());
  Position place;
  place.set("5", 6);
  EXPECT_EQ(place, (Position{"5", 6}));
  EXPECT_FALSE(place.none());
}

TEST(Position, OfABatchsRecords) {
  test::Decoder decode;
  const auto message = decode(R"({"action":"processRecords","records":[{"sequenceNumber":"9"},)"
                              R"({"sequenceNumber":"10","subSequenceNumber":0},)"
                              R"({"sequenceNumber":"10","subSequenceNumber":1},{"sequenceNumber":"11"}]})");
  ASSERT_TRUE(message);
  const Batch& batch = message->batch;
  EXPECT_EQ(Position::of(batch, 2), (Position{"10", 1}));
  const auto done = [&](const Position& place) {
    std::size_t count = 0;
    while (count < batch.count && at_or_before(batch, count, place)) ++count;
    return count;
  };
  EXPECT_EQ(done({"", 0}), 0u);
  EXPECT_EQ(done({"TRIM_HORIZON", 0}), 0u);
  EXPECT_EQ(done({"8", 100}), 0u);
  EXPECT_EQ(done({"9", 0}), 1u);
  EXPECT_EQ(done({"10", 0}), 2u);
  EXPECT_EQ(done({"10", 1}), 3u);
  EXPECT_EQ(done({"10", 7}), 3u);
  EXPECT_EQ(done({"11", 0}), 4u);
  EXPECT_EQ(done({"100", 0}), 4u);
}

}  // namespace
}  // namespace kclhost::host
