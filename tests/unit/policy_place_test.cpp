#include "policy/place.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core_messages.hpp"

namespace kclhost::policy {
namespace {

TEST(Place, OrderIsTheShards) {
  // From first to last.
  const std::vector<Place> places = {
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

TEST(Place, WhatIsNoNumberComesBeforeEveryRecord) {
  for (const char* start : {"", "TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"}) {
    EXPECT_TRUE((Place{start, 0} < Place{"0", 0})) << start;
    EXPECT_FALSE((Place{"0", 0} < Place{start, 0})) << start;
    EXPECT_EQ(compare_sequence_numbers(start, "TRIM_HORIZON"), std::strong_ordering::equal);
  }
}

TEST(Place, Text) {
  EXPECT_EQ((Place{"123", 4}).str(), "123/4");
  EXPECT_TRUE(Place{}.none());
  Place place;
  place.set("5", 6);
  EXPECT_EQ(place, (Place{"5", 6}));
  EXPECT_FALSE(place.none());
}

TEST(Place, OfABatchsRecords) {
  test::Decoder decode;
  const auto message = decode(R"({"action":"processRecords","records":[{"sequenceNumber":"9"},)"
                              R"({"sequenceNumber":"10","subSequenceNumber":0},)"
                              R"({"sequenceNumber":"10","subSequenceNumber":1},{"sequenceNumber":"11"}]})");
  ASSERT_TRUE(message);
  const Batch& batch = message->batch;
  EXPECT_EQ(Place::of(batch, 2), (Place{"10", 1}));
  const auto done = [&](const Place& place) {
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
}  // namespace kclhost::policy
