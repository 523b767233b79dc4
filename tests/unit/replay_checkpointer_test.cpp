#include "replay/checkpointer.hpp"

#include <gtest/gtest.h>

namespace kclhost::host::replay {
namespace {

constexpr const char* illegal = "IllegalArgumentException";

Checkpointer after(const char* last, std::int64_t sub = 0) {
  Checkpointer checkpointer({std::string(trim_horizon)});
  checkpointer.deliver({last, sub});
  return checkpointer;
}

TEST(Position, NumbersOrderByValueNamesAroundThem) {
  const Position ascending[] = {{"TRIM_HORIZON"}, {"0"},  {"9"},   {"10"},       {"10", 1},
                                {"10", 12},       {"99"}, {"100"}, {"SHARD_END"}};
  for (std::size_t i = 0; i < std::size(ascending); ++i) {
    for (std::size_t j = 0; j < std::size(ascending); ++j) {
      EXPECT_EQ(compare(ascending[i], ascending[j]), i <=> j) << i << " " << j;
    }
  }
  EXPECT_EQ(compare({"007"}, {"7"}), std::strong_ordering::equal);
}

TEST(Position, MadeUpSequenceNumbersRiseAndAreStable) {
  std::string first;
  append_made_up_sequence_number(0, first);
  EXPECT_EQ(first, "49680460045350375437553841415682306828536673896419960034");
  Position before{first};
  for (std::uint64_t index : {1ull, 2ull, 999ull, 1'000'000ull, 10'000'000'000'000ull}) {
    std::string number;
    append_made_up_sequence_number(index, number);
    EXPECT_EQ(number.size(), 56u);
    EXPECT_TRUE(compare(before, {number}) < 0) << index;
    before = {number};
  }
}

TEST(Checkpointer, NoSequenceNumberMeansEverythingDelivered) {
  Checkpointer checkpointer = after("50", 3);
  EXPECT_EQ(checkpointer.checkpoint({}).error, "");
  EXPECT_EQ(checkpointer.last().sequence_number, "50");
  EXPECT_EQ(checkpointer.last().sub_sequence_number, 3);
  checkpointer.deliver({"60"});
  EXPECT_EQ(checkpointer.checkpoint({std::nullopt, 7}).error, "");
  EXPECT_EQ(checkpointer.last().sequence_number, "60");
  EXPECT_EQ(checkpointer.last().sub_sequence_number, 0);
}

TEST(Checkpointer, NothingDeliveredIsAcceptedAndMovesNothing) {
  Checkpointer checkpointer({std::string(trim_horizon)});
  const auto answer = checkpointer.checkpoint({});
  EXPECT_EQ(answer.error, "");
  EXPECT_FALSE(answer.moved);
}

TEST(Checkpointer, AcceptsFromTheLastCheckpointToTheLastRecord) {
  Checkpointer checkpointer = after("100");
  EXPECT_EQ(checkpointer.checkpoint({"9", 4}).error, "");
  EXPECT_EQ(checkpointer.checkpoint({"9", 3}).error, illegal);
  EXPECT_EQ(checkpointer.checkpoint({"9", std::nullopt}).error, illegal) << "no sub-sequence number means 0";
  const auto again = checkpointer.checkpoint({"9", 4});
  EXPECT_EQ(again.error, "");
  EXPECT_FALSE(again.moved);
  EXPECT_EQ(checkpointer.checkpoint({"100", 0}).error, "");
  EXPECT_EQ(checkpointer.checkpoint({"100", 1}).error, illegal);
  EXPECT_EQ(checkpointer.checkpoint({"101", 0}).error, illegal);
  EXPECT_EQ(checkpointer.last().sequence_number, "100");
}

TEST(Checkpointer, RefusesWhatIsNoSequenceNumber) {
  Checkpointer checkpointer = after("100");
  for (const char* text : {"", "x", "-1", "1.5", " 1", "TRIM_HORIZON", "LATEST", "AT_TIMESTAMP", "SHARD_END"}) {
    EXPECT_EQ(checkpointer.checkpoint({text, std::nullopt}).error, illegal) << text;
  }
  EXPECT_EQ(checkpointer.checkpoint({"100", -1}).error, illegal);
}

TEST(Checkpointer, AtTheShardsEndEverythingIsShardEnd) {
  Checkpointer by_null = after("100", 2);
  by_null.checkpoint({});
  by_null.end_shard();
  EXPECT_TRUE(by_null.checkpoint({}).moved);
  EXPECT_EQ(by_null.last().sequence_number, "SHARD_END");

  Checkpointer by_last_record = after("100", 2);
  by_last_record.end_shard();
  EXPECT_EQ(by_last_record.checkpoint({"99", 0}).error, "");
  EXPECT_EQ(by_last_record.last().sequence_number, "99");
  EXPECT_EQ(by_last_record.checkpoint({"100", 2}).error, "");
  EXPECT_EQ(by_last_record.last().sequence_number, "SHARD_END");
}

TEST(Checkpointer, FailuresGoToTheNextCheckpointsThatWouldMove) {
  auto failures = parse_failures("ThrottlingException*2,ShutdownException");
  ASSERT_TRUE(failures);
  Checkpointer checkpointer({"5"}, *failures);
  EXPECT_EQ(checkpointer.checkpoint({}).error, "");
  checkpointer.deliver({"7"});
  EXPECT_EQ(checkpointer.checkpoint({"8", 0}).error, illegal);
  EXPECT_EQ(checkpointer.checkpoint({}).error, "ThrottlingException");
  EXPECT_EQ(checkpointer.checkpoint({}).error, "ThrottlingException");
  EXPECT_EQ(checkpointer.last().sequence_number, "5");
  EXPECT_EQ(checkpointer.checkpoint({}).error, "ShutdownException");
  EXPECT_TRUE(checkpointer.checkpoint({}).moved);
}

TEST(Checkpointer, FailureListsAreChecked) {
  for (const char* list : {"", ",", "A,", "A*", "A*x", "A*2x", "*2", "A B"}) EXPECT_FALSE(parse_failures(list)) << list;
  EXPECT_EQ(parse_failures("A*0,B")->size(), 1u);
}

TEST(Checkpointer, RestartedRecordsCanBeCheckpointedAgain) {
  Checkpointer checkpointer = after("100");
  checkpointer.checkpoint({});
  checkpointer.restart();
  EXPECT_EQ(checkpointer.checkpoint({"50", 0}).error, "");
}

}  // namespace
}  // namespace kclhost::host::replay
