// The shard's own checkpoints, one way a test.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "shard/shard.hpp"

namespace kclhost::host {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;

const CheckpointAnswer accepted{};
const CheckpointAnswer throttled{KCLHOST_THROTTLING, "ThrottlingException", "slow down"};
const CheckpointAnswer unreachable{KCLHOST_DEPENDENCY, "KinesisClientLibDependencyException", "no table"};
const CheckpointAnswer lost{KCLHOST_SHUTDOWN, "ShutdownException", "not yours"};
const CheckpointAnswer invalid{KCLHOST_INVALID_STATE, "InvalidStateException", "not now"};
const CheckpointAnswer other{KCLHOST_OTHER_EXCEPTION, "NullPointerException", "hm"};

class Buffer final : public BatchMemory {
 public:
  char* base() override { return bytes_.data(); }
  bool reserve(std::size_t bytes) override { return bytes <= bytes_.size(); }

 private:
  std::vector<char> bytes_ = std::vector<char>(4096);
};

using Sent = std::vector<std::string>;

// A shard with one lane and a plugin that leaves checkpoints to the host and takes every batch at once.
class ShardCheckpoints : public testing::Test {
 protected:
  ShardCheckpoints() {
    config.checkpoint = {.interval = 0ms, .retry = {4, 100ms, 1'000ms}};
    now.wall_ms = 1'700'000'000'000;
  }

  void start() {
    shard.emplace(config, buffer, 1, now);
    shard->begin(now);
    take();
    shard->loaded(worker, Descriptor{}, now);
    take();
    shard->initialize("shardId-0", "TRIM_HORIZON", 0, {}, now);
    take();
    finish_call();  // create
    finish_call();  // initialize
  }
  // A batch of one record at this place, and what comes of it until the shard waits.
  void batch(const std::string& sequence_number, std::int64_t sub_sequence_number = 0) {
    deliver(sequence_number, sub_sequence_number);
    finish_call();
  }
  void deliver(const std::string& sequence_number, std::int64_t sub_sequence_number = 0) {
    char* const base = buffer.base();
    std::copy(sequence_number.begin(), sequence_number.end(), base + 256);
    auto* const entry = reinterpret_cast<RecordEntry*>(base + 512);
    *entry = {};
    entry->sequence_number = 256;
    entry->sequence_number_size = static_cast<std::uint32_t>(sequence_number.size());
    entry->sub_sequence_number = sub_sequence_number;
    entry->arrival_ms = KCLHOST_NO_TIMESTAMP;
    shard->process_records({base, 512, 1, 0}, now);
    take();
  }
  void answer(const CheckpointAnswer& one) {
    shard->checkpoint_answered(one, now);
    take();
  }
  void finish_call(const Outcome& outcome = {}) {
    ended_call = call;
    shard->outcome(worker, call, outcome, 0, now);
    take();
  }
  // Until something is due; how long that took.
  Time wait() {
    const Time due = shard->deadline();
    EXPECT_NE(due, never);
    const Time waited = due - now.steady;
    now.steady = due;
    shard->on_time(now);
    take();
    return waited;
  }
  bool call_is_over() const { return call == ended_call; }
  void take() {
    for (const Action& one : shard->actions()) {
      if (const auto* start = std::get_if<action::StartWorker>(&one)) worker = start->worker;
      if (const auto* called = std::get_if<action::CallWorker>(&one)) call = called->number;
      if (std::get_if<action::SendStatus>(&one)) ++statuses;
      if (const auto* line = std::get_if<action::Tell>(&one); line && line->level == config::LogLevel::warn) {
        warnings.push_back(line->text);
        for (const auto& [key, value] : line->fields) warnings.back() += std::string(" ") + key + "=" + value;
      }
      if (const auto* checkpoint = std::get_if<action::SendCheckpoint>(&one)) {
        sent.push_back(std::string(checkpoint->sequence_number.value_or("null")) + "/" +
                       (checkpoint->sub_sequence_number ? std::to_string(*checkpoint->sub_sequence_number) : "null"));
      }
    }
    shard->actions().clear();
  }

  config::Config config;
  Buffer buffer;
  Now now;
  std::optional<Shard> shard;
  WorkerId worker{};
  CallNumber call = 0, ended_call = 0;
  int statuses = 0;
  Sent sent, warnings;
};

TEST_F(ShardCheckpoints, NothingFinishedNothingRecorded) {
  start();
  shard->shutdown_requested(now);
  take();
  finish_call();
  EXPECT_EQ(statuses, 2);
  EXPECT_THAT(sent, IsEmpty());
}

TEST_F(ShardCheckpoints, WithoutAnIntervalEveryBatchIsRecordedBeforeItsStatus) {
  start();
  for (const char* place : {"1", "2", "3"}) {
    const int before = statuses;
    batch(place);
    EXPECT_EQ(statuses, before);
    answer(accepted);
    EXPECT_EQ(statuses, before + 1);
  }
  EXPECT_EQ(sent, (Sent{"1/0", "2/0", "3/0"}));
}

TEST_F(ShardCheckpoints, WithinTheIntervalNothingIsRecordedUnlessItMustBe) {
  config.checkpoint.interval = 1h;
  start();
  batch("1");
  batch("2", 5);
  EXPECT_THAT(sent, IsEmpty());
  shard->shutdown_requested(now);
  take();
  finish_call();
  EXPECT_EQ(sent, Sent{"2/5"});
  EXPECT_EQ(statuses, 3);
  answer(accepted);
  EXPECT_EQ(statuses, 4);
}

TEST_F(ShardCheckpoints, OnceTheIntervalHasPassedTheLastPlaceIsRecorded) {
  config.checkpoint.interval = 1h;
  start();
  batch("1");
  batch("2");
  now.steady += 1h;
  batch("3");
  EXPECT_EQ(sent, Sent{"2/0"}) << "the next batch finds it due";
}

TEST_F(ShardCheckpoints, ThePlaceTheTableKnowsIsNotSentAgain) {
  start();
  batch("1", 3);
  answer(accepted);
  shard->shutdown_requested(now);
  take();
  finish_call();
  EXPECT_EQ(sent, Sent{"1/3"});
}

TEST_F(ShardCheckpoints, WhatFailedStaysDue) {
  start();
  batch("1");
  answer(invalid);
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_THAT(warnings[0], HasSubstr("InvalidStateException"));
  EXPECT_THAT(warnings[0], HasSubstr("position=1/0"));
}

TEST_F(ShardCheckpoints, WhatFailedForGoodIsNotTriedAgainAtOnce) {
  start();
  batch("1");
  answer(invalid);
  EXPECT_EQ(statuses, 2) << "the daemon does not wait for it";
  batch("2");
  EXPECT_EQ(sent, Sent{"1/0"});
  now.steady += config.checkpoint.retry.max_backoff;
  batch("3");
  EXPECT_EQ(sent, (Sent{"1/0", "2/0"}));
}

TEST_F(ShardCheckpoints, OfABlockedShardIsTriedOnceAtOnce) {
  config.checkpoint.interval = 1h;
  config.on_error.retry = {1, 1ms, 1ms};
  start();
  batch("1");
  deliver("2");
  finish_call({.status = KCLHOST_FAILED, .message = "no"});
  EXPECT_EQ(sent, Sent{"1/0"});
  answer(invalid);
  wait();
  shard->looked(now);
  take();
  ASSERT_FALSE(call_is_over()) << "the record is tried again";
  finish_call({.status = KCLHOST_FAILED, .message = "no"});
  EXPECT_EQ(sent, Sent{"1/0"});
}

TEST_F(ShardCheckpoints, WhatFailedWaitsForTheNextInterval) {
  config.checkpoint.interval = 1h;
  start();
  now.steady += 1h;
  batch("1");
  answer(invalid);
  batch("2");
  EXPECT_EQ(sent, Sent{"1/0"});
  now.steady += 1h;
  batch("3");
  EXPECT_EQ(sent, (Sent{"1/0", "2/0"}));
}

TEST_F(ShardCheckpoints, WhatIsRetryableIsTriedAgainWithGrowingPauses) {
  config.checkpoint.interval = 1h;
  for (const CheckpointAnswer& failure : {throttled, unreachable}) {
    sent.clear();
    warnings.clear();
    start();
    now.steady += 1h;
    batch("7", 1);
    for (const Time full : {100ms, 200ms, 400ms}) {
      answer(failure);
      const Time waited = wait();
      EXPECT_GE(waited, full / 2);
      EXPECT_LE(waited, full);
    }
    EXPECT_EQ(sent, (Sent{"7/1", "7/1", "7/1", "7/1"}));
    ASSERT_EQ(warnings.size(), 3u);
    EXPECT_THAT(warnings[0], HasSubstr(failure.name));
    EXPECT_THAT(warnings[0], HasSubstr("attempt 1 of 4"));
    EXPECT_THAT(warnings[0], HasSubstr("position=7/1"));
  }
}

TEST_F(ShardCheckpoints, GivesUpAfterTheLastAttempt) {
  config.checkpoint.interval = 1h;
  config.checkpoint.retry.max_attempts = 2;
  start();
  now.steady += 1h;
  batch("7");
  answer(throttled);
  wait();
  const int before = statuses;
  answer(throttled);
  EXPECT_EQ(sent.size(), 2u);
  EXPECT_EQ(statuses, before + 1) << "the batch is accepted all the same";
}

TEST_F(ShardCheckpoints, OtherErrorsAreNotRetried) {
  config.checkpoint.interval = 1h;
  for (const CheckpointAnswer& failure : {invalid, other}) {
    sent.clear();
    start();
    now.steady += 1h;
    batch("7");
    answer(failure);
    EXPECT_EQ(sent, Sent{"7/0"});
  }
}

TEST_F(ShardCheckpoints, AfterALostLeaseNothingIsSent) {
  start();
  batch("1");
  answer(lost);
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_THAT(warnings[0], HasSubstr("ShutdownException"));
  batch("2");
  shard->shard_ended(now);
  take();
  finish_call();
  EXPECT_EQ(sent, Sent{"1/0"});
  EXPECT_EQ(statuses, 4);
}

TEST_F(ShardCheckpoints, TheShardsEndIsTheDaemonsEverything) {
  config.checkpoint.interval = 1h;
  start();
  batch("1");
  shard->shard_ended(now);
  take();
  finish_call();
  EXPECT_EQ(sent, Sent{"null/null"});
  answer(accepted);
  EXPECT_EQ(statuses, 3);
}

TEST_F(ShardCheckpoints, AShardsEndThatIsRefusedIsTold) {
  config.checkpoint.interval = 1h;
  start();
  shard->shard_ended(now);
  take();
  finish_call();
  answer(throttled);
  wait();
  answer(invalid);
  EXPECT_EQ(sent, (Sent{"null/null", "null/null"}));
  EXPECT_THAT(warnings.back(), HasSubstr("shard's end"));
  EXPECT_THAT(warnings.back(), HasSubstr("InvalidStateException"));
}

}  // namespace
}  // namespace kclhost::host
