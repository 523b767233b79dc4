#include "policy/checkpoints.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <vector>

namespace kclhost::host::policy {
namespace {

using processor::CheckpointAnswer;
using namespace std::chrono_literals;

constexpr CheckpointAnswer accepted{};
constexpr CheckpointAnswer throttled{KCLHOST_THROTTLING, "ThrottlingException", "slow down"};
constexpr CheckpointAnswer unreachable{KCLHOST_DEPENDENCY, "KinesisClientLibDependencyException", "no table"};
constexpr CheckpointAnswer lost{KCLHOST_SHUTDOWN, "ShutdownException", "not yours"};
constexpr CheckpointAnswer invalid{KCLHOST_INVALID_STATE, "InvalidStateException", "not now"};
constexpr CheckpointAnswer illegal{KCLHOST_ILLEGAL_ARGUMENT, "IllegalArgumentException", "what?"};
constexpr CheckpointAnswer other{KCLHOST_OTHER_EXCEPTION, "ProvisionedThroughputExceededException", "hm"};

// A daemon that answers as it is told, and then accepts all; nothing waits.
class FakeRoute final : public CheckpointRoute {
 public:
  CheckpointAnswer exchange(std::optional<std::string_view> sequence_number,
                            std::optional<std::int64_t> sub_sequence_number) override {
    sent.push_back(std::string(sequence_number.value_or("null")) + "/" +
                   (sub_sequence_number ? std::to_string(*sub_sequence_number) : "null"));
    if (answers.empty()) return accepted;
    const CheckpointAnswer answer = answers.front();
    answers.pop_front();
    return answer;
  }
  bool pause(config::Milliseconds duration) override {
    pauses.push_back(duration);
    return !end_while_pausing;
  }
  void warn(std::string_view text) override { warnings.emplace_back(text); }

  std::deque<CheckpointAnswer> answers;
  std::vector<std::string> sent, warnings;
  std::vector<config::Milliseconds> pauses;
  bool end_while_pausing = false;
};

using Sent = std::vector<std::string>;

class CheckpointsTest : public testing::Test {
 protected:
  FakeRoute route;
  config::Checkpoint config{.interval = 0ms, .retry = {4, 100ms, 1'000ms}};
};

TEST_F(CheckpointsTest, NothingFinishedNothingRecorded) {
  Checkpoints checkpoints(config, route);
  checkpoints.record_if_due();
  checkpoints.record_now();
  EXPECT_EQ(route.sent, Sent{});
}

TEST_F(CheckpointsTest, WithoutAnIntervalEveryBatchIsRecorded) {
  Checkpoints checkpoints(config, route);
  for (const char* place : {"1", "2", "3"}) {
    checkpoints.finished(place, 0);
    checkpoints.record_if_due();
  }
  EXPECT_EQ(route.sent, (Sent{"1/0", "2/0", "3/0"}));
}

TEST_F(CheckpointsTest, WithinTheIntervalNothingIsRecordedUnlessItMustBe) {
  config.interval = 1h;
  Checkpoints checkpoints(config, route);
  checkpoints.finished("1", 0);
  checkpoints.record_if_due();
  checkpoints.finished("2", 5);
  checkpoints.record_if_due();
  EXPECT_EQ(route.sent, Sent{});
  checkpoints.record_now();
  EXPECT_EQ(route.sent, Sent{"2/5"});
}

TEST_F(CheckpointsTest, OnceTheIntervalHasPassedTheLastPlaceIsRecorded) {
  config.interval = 5ms;
  Checkpoints checkpoints(config, route);
  checkpoints.finished("1", 0);
  checkpoints.finished("2", 0);
  const auto begin = Clock::now();
  while (route.sent.empty()) checkpoints.record_if_due();
  EXPECT_GE(Clock::now() - begin, 4ms);
  EXPECT_EQ(route.sent, Sent{"2/0"});
}

TEST_F(CheckpointsTest, ThePlaceTheTableKnowsIsNotSentAgain) {
  Checkpoints checkpoints(config, route);
  checkpoints.finished("1", 3);
  checkpoints.record_now();
  checkpoints.record_now();
  checkpoints.finished("1", 3);
  checkpoints.record_if_due();
  EXPECT_EQ(route.sent, Sent{"1/3"});
  checkpoints.finished("1", 4);  // the next record of the same aggregate
  checkpoints.record_if_due();
  EXPECT_EQ(route.sent, (Sent{"1/3", "1/4"}));
}

TEST_F(CheckpointsTest, WhatFailedStaysDue) {
  Checkpoints checkpoints(config, route);
  route.answers = {invalid};
  checkpoints.finished("1", 0);
  checkpoints.record_if_due();
  ASSERT_EQ(route.warnings.size(), 1u);
  EXPECT_NE(route.warnings[0].find("InvalidStateException"), std::string::npos) << route.warnings[0];
  EXPECT_NE(route.warnings[0].find("1/0"), std::string::npos) << route.warnings[0];
  checkpoints.record_if_due();  // no new record, but the old place is still not in the table
  EXPECT_EQ(route.sent, (Sent{"1/0", "1/0"}));
  checkpoints.record_if_due();
  EXPECT_EQ(route.sent.size(), 2u);
}

TEST_F(CheckpointsTest, WhatFailedWaitsForTheNextInterval) {
  config.interval = 5ms;
  Checkpoints checkpoints(config, route);
  route.answers = {invalid, invalid, invalid};
  checkpoints.finished("1", 0);
  std::vector<Clock::time_point> times;
  while (times.size() < 3) {
    checkpoints.record_if_due();
    if (route.sent.size() > times.size()) times.push_back(Clock::now());
  }
  EXPECT_GE(times[1] - times[0], 4ms);
  EXPECT_GE(times[2] - times[1], 4ms);
}

TEST_F(CheckpointsTest, WhatIsRetryableIsTriedAgainWithGrowingPauses) {
  for (const CheckpointAnswer& failure : {throttled, unreachable}) {
    FakeRoute daemon;
    daemon.answers = {failure, failure, failure};
    Checkpoints checkpoints(config, daemon);
    EXPECT_EQ(checkpoints.send("7", 1).status, KCLHOST_OK);
    EXPECT_EQ(daemon.sent, (Sent{"7/1", "7/1", "7/1", "7/1"}));
    ASSERT_EQ(daemon.pauses.size(), 3u);
    EXPECT_GE(daemon.pauses[0], 50ms);
    EXPECT_LE(daemon.pauses[0], 100ms);
    EXPECT_GE(daemon.pauses[1], 100ms);
    EXPECT_LE(daemon.pauses[1], 200ms);
    EXPECT_GE(daemon.pauses[2], 200ms);
    EXPECT_LE(daemon.pauses[2], 400ms);
    ASSERT_EQ(daemon.warnings.size(), 3u);
    EXPECT_NE(daemon.warnings[0].find(failure.name), std::string::npos) << daemon.warnings[0];
    EXPECT_NE(daemon.warnings[0].find("attempt 1 of 4"), std::string::npos) << daemon.warnings[0];
  }
}

TEST_F(CheckpointsTest, GivesUpAfterTheLastAttempt) {
  route.answers = {throttled, throttled, throttled, throttled, accepted};
  Checkpoints checkpoints(config, route);
  const CheckpointAnswer answer = checkpoints.send("7", 1);
  EXPECT_EQ(answer.status, KCLHOST_THROTTLING);
  EXPECT_EQ(answer.name, "ThrottlingException");
  EXPECT_EQ(route.sent.size(), 4u);
  EXPECT_EQ(route.pauses.size(), 3u);
}

TEST_F(CheckpointsTest, OneAttemptMeansNoRetry) {
  config.retry.max_attempts = 1;
  route.answers = {throttled};
  Checkpoints checkpoints(config, route);
  EXPECT_EQ(checkpoints.send("7", 1).status, KCLHOST_THROTTLING);
  EXPECT_EQ(route.sent.size(), 1u);
  EXPECT_TRUE(route.pauses.empty());
}

TEST_F(CheckpointsTest, OtherErrorsComeBackAtOnce) {
  for (const CheckpointAnswer& failure : {invalid, illegal, other}) {
    FakeRoute daemon;
    daemon.answers = {failure};
    Checkpoints checkpoints(config, daemon);
    const CheckpointAnswer answer = checkpoints.send("7", std::nullopt);
    EXPECT_EQ(answer.status, failure.status);
    EXPECT_EQ(answer.name, failure.name);
    EXPECT_EQ(daemon.sent, Sent{"7/null"});
    EXPECT_FALSE(checkpoints.lease_lost());
  }
}

TEST_F(CheckpointsTest, AnErrorBehindARetryEndsIt) {
  route.answers = {throttled, illegal};
  Checkpoints checkpoints(config, route);
  EXPECT_EQ(checkpoints.send("7", 1).status, KCLHOST_ILLEGAL_ARGUMENT);
  EXPECT_EQ(route.sent.size(), 2u);
}

TEST_F(CheckpointsTest, StopsRetryingWhenTheSessionMustEnd) {
  route.answers = {throttled};
  route.end_while_pausing = true;
  Checkpoints checkpoints(config, route);
  EXPECT_EQ(checkpoints.send("7", 1).status, KCLHOST_THROTTLING);
  EXPECT_EQ(route.sent.size(), 1u);
}

TEST_F(CheckpointsTest, AfterALostLeaseNothingIsSent) {
  route.answers = {lost};
  Checkpoints checkpoints(config, route);
  checkpoints.finished("1", 0);
  checkpoints.record_now();
  EXPECT_TRUE(checkpoints.lease_lost());
  ASSERT_EQ(route.warnings.size(), 1u);
  EXPECT_NE(route.warnings[0].find("ShutdownException"), std::string::npos) << route.warnings[0];
  checkpoints.finished("2", 0);
  checkpoints.record_if_due();
  checkpoints.record_now();
  EXPECT_FALSE(checkpoints.record_all());
  const CheckpointAnswer answer = checkpoints.send("3", 0);
  EXPECT_EQ(answer.status, KCLHOST_SHUTDOWN);
  EXPECT_EQ(answer.name, "ShutdownException");
  EXPECT_EQ(route.sent, Sent{"1/0"});
}

TEST_F(CheckpointsTest, TheShardsEndIsTheDaemonsEverything) {
  Checkpoints checkpoints(config, route);
  checkpoints.finished("1", 0);
  EXPECT_TRUE(checkpoints.record_all());
  EXPECT_EQ(route.sent, Sent{"null/null"});
}

TEST_F(CheckpointsTest, AShardsEndThatIsRefusedIsTold) {
  route.answers = {throttled, invalid};
  Checkpoints checkpoints(config, route);
  EXPECT_FALSE(checkpoints.record_all());
  EXPECT_EQ(route.sent, (Sent{"null/null", "null/null"}));
  EXPECT_NE(route.warnings.back().find("shard's end"), std::string::npos) << route.warnings.back();
  EXPECT_NE(route.warnings.back().find("InvalidStateException"), std::string::npos) << route.warnings.back();
}

}  // namespace
}  // namespace kclhost::host::policy
