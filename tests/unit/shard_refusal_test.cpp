// A plugin that checkpoints for itself and hands a refusal on, and what becomes of what it was given.
#include "shard_conversation.hpp"

namespace kclhost::host {
namespace {

class Refusal : public ShardConversation {
 protected:
  Refusal() {
    config.checkpoint.retry.max_attempts = 1;
    config.on_error.retry.max_attempts = 1;
    config.on_error.then = config::Then::skip;
  }

  const CheckpointAnswer throttled{KCLHOST_THROTTLING, "ThrottlingException", "slow down"};
  const CheckpointAnswer lost{KCLHOST_SHUTDOWN, "ShutdownException", "not yours"};
  const Outcome failure{KCLHOST_FAILED, "no checkpoint"};

  // The plugin checkpoints in the call, is refused, and fails.
  void fail_for(const CheckpointAnswer& answer, const action::CallWorker& call) {
    refuse(call, "1", answer);
    EXPECT_TRUE(shard->excuses(worker)) << "nobody is to count it";
    over(call, failure);
  }
  // It dies with the records that it holds, and another one is given the first of them.
  action::CallWorker first_part() {
    come_up(KCLHOST_PLUGIN_CHECKPOINTS);
    send(1, 2);
    const Death death{Death::Kind::signal, 11, "killed by SIGSEGV", {}, true};
    const auto call = called(Call::process_records);
    shard->ended(call.worker, &death, now);
    load(KCLHOST_PLUGIN_CHECKPOINTS);
    create_and_initialize();
    pass(config.on_error.retry.max_backoff);
    return called(Call::process_records);
  }
};

TEST_F(Refusal, OfAThrottledTableCountsAgainstNoRecord) {
  come_up(KCLHOST_PLUGIN_CHECKPOINTS);
  send(1, 1);
  for (int i = 0; i < 3; ++i) {
    fail_for(throttled, called(Call::process_records));
    EXPECT_FALSE(take<action::CallWorker>()) << "a pause comes first";
    pass(config.checkpoint.retry.max_backoff);
  }
  EXPECT_FALSE(told("record skipped"));
  const auto again = called(Call::process_records);
  EXPECT_EQ(again.request.attempt, 1u);
  over(again);
  EXPECT_TRUE(answered());
}

TEST_F(Refusal, InTheFlushBehindAPartIsFollowedByAnotherFlush) {
  over(first_part());
  for (int i = 0; i < 3; ++i) {
    fail_for(throttled, called(Call::flush));
    EXPECT_FALSE(take<action::CallWorker>()) << "a pause comes first";
    pass(config.checkpoint.retry.max_backoff);
  }
  EXPECT_FALSE(told("record skipped"));
  over(called(Call::flush));
  EXPECT_EQ(called(Call::process_records).request.batch.count, 1u) << "the next part";
}

// The old instance goes on where the new one does not come up.
TEST_F(Refusal, InTheFlushOfASwapEndsNoInstance) {
  come_up(KCLHOST_PLUGIN_CHECKPOINTS);
  send(1, 1);
  over(called(Call::process_records));
  EXPECT_TRUE(answered());
  const WorkerId old = worker;
  shard->run_release(2, 0, now);
  load(KCLHOST_PLUGIN_CHECKPOINTS);
  over(called(Call::create));
  send(2, 2);
  const WorkerId next = std::exchange(worker, old);
  fail_for(throttled, called(Call::flush));
  const auto initialize = called(Call::initialize);
  EXPECT_EQ(initialize.worker, next);
  over(initialize, failure);
  const auto call = called(Call::process_records);
  EXPECT_EQ(call.worker, old);
  EXPECT_EQ(call.request.batch.count, 1u);
}

// What it failed for is not the last answer.
TEST_F(Refusal, ThatWasMadeGoodExcusesNothing) {
  come_up(KCLHOST_PLUGIN_CHECKPOINTS);
  send(1, 2);
  const auto call = called(Call::process_records);
  refuse(call, "1", throttled);
  shard->wants_checkpoint(worker, call.number, "1", 0, now);
  EXPECT_EQ(checkpoint(), "1");
  over(call, failure);
  EXPECT_TRUE(told("record skipped"));
}

TEST_F(Refusal, OfALostLeaseLeavesTheRestToTheOthers) {
  config.on_error.then = config::Then::block;
  over(first_part());
  fail_for(lost, called(Call::flush));
  EXPECT_TRUE(answered()) << "or the daemon never says leaseLost";
  EXPECT_TRUE(told("the lease is lost: 2 records are left to the worker that has it now"));
  send(3, 4);
  EXPECT_TRUE(answered());
  EXPECT_FALSE(take<action::CallWorker>()) << "the new owner reads them";
  shard->lease_lost(now);
  EXPECT_EQ(called(Call::lease_lost).worker, worker);
  EXPECT_EQ(shard->left_to_others().records, 4u);
}

TEST_F(Refusal, BehindTheLastRecordHoldsNothingUp) {
  come_up(KCLHOST_PLUGIN_CHECKPOINTS);
  send(1, 1);
  const auto call = called(Call::process_records);
  shard->wants_checkpoint(worker, call.number, "1", 0, now);
  EXPECT_EQ(checkpoint(), "1");
  fail_for(throttled, call);
  EXPECT_TRUE(answered());
}

// The throttled table is not what it fails for.
TEST_F(Refusal, DoesNotExcuseAMistakeBehindIt) {
  come_up(KCLHOST_PLUGIN_CHECKPOINTS);
  send(1, 1);
  const auto call = called(Call::process_records);
  refuse(call, "1", throttled);
  shard->wants_checkpoint(worker, call.number, "99", 0, now);
  EXPECT_FALSE(shard->excuses(worker));
  over(call, failure);
  EXPECT_TRUE(told("record skipped"));
}

}  // namespace
}  // namespace kclhost::host
