// Positions compare as the shard has its records.
#include <gtest/gtest.h>

#include <algorithm>
#include <kclhost/record.hpp>
#include <string>
#include <vector>

namespace {

using kclhost::Position;

TEST(Position, ComparesByNumber) {
  const std::vector<Position> in_order{{"TRIM_HORIZON", 0},
                                       {"9", 0},
                                       {"9", 1},
                                       {"10", 0},
                                       {"11", 0},
                                       {"49590338271490256608559692538361571095921575989136588898", 0},
                                       {"49590338271490256608559692538361571095921575989136588898", 10}};
  for (std::size_t i = 0; i < in_order.size(); ++i) {
    for (std::size_t j = 0; j < in_order.size(); ++j) {
      const Position &a = in_order[i], &b = in_order[j];
      EXPECT_EQ(a < b, i < j);
      EXPECT_EQ(a <= b, i <= j);
      EXPECT_EQ(a > b, i > j);
      EXPECT_EQ(a >= b, i >= j);
      EXPECT_EQ(a == b, i == j);
      EXPECT_EQ(a != b, i != j);
    }
  }
}

TEST(Position, WhatIsNoNumberComesBeforeAll) {
  EXPECT_LT(Position(), Position("0", 0));
  EXPECT_LT(Position("LATEST", 0), Position("0", 0));
  EXPECT_LT(Position("AT_TIMESTAMP", 7), Position("0", 0));
  EXPECT_EQ(Position(), Position("TRIM_HORIZON", 0));
}

TEST(Position, HasATextOfItsOwn) {
  std::string number = "1234567890123456789012345";
  const Position position(number, 3);
  number.assign(number.size(), '!');
  EXPECT_EQ(position.sequence_number(), "1234567890123456789012345");
  EXPECT_EQ(position.sub_sequence_number(), 3);
}

}  // namespace
