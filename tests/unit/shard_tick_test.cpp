// Calls that a plugin wants from time to time.
#include "shard_conversation.hpp"

namespace kclhost::host {
namespace {

using namespace std::chrono_literals;

class Tick : public ShardConversation {
 protected:
  // A plugin that checkpoints for itself holds the records 1 and 2, and the daemon has nothing to say.
  void hold_records() {
    come_up(KCLHOST_PLUGIN_CHECKPOINTS);
    send(1, 2);
    over(called(Call::process_records));
    EXPECT_TRUE(answered());
  }
  action::CallWorker tick() {
    shard->wants_ticks(worker, 500ms, now);
    pass(501ms);
    return called(Call::tick);
  }
};

TEST_F(Tick, ComesAtItsTimeWithoutAMessage) {
  come_up(0);
  shard->wants_ticks(worker, 500ms, now);
  EXPECT_EQ(shard->deadline(), now.steady + 501ms) << "part of the millisecond at hand has passed";
  pass(500ms);
  EXPECT_FALSE(take<action::CallWorker>());
  pass(1ms);
  const auto tick = called(Call::tick);
  EXPECT_EQ(shard->deadline(), now.steady + config.timeouts.process_records);
  pass(100ms);
  over(tick);
  EXPECT_EQ(shard->deadline(), now.steady + 501ms) << "from its end on";
  shard->wants_ticks(worker, 0ms, now);
  EXPECT_EQ(shard->deadline(), never);
}

TEST_F(Tick, ComesBetweenDeliveries) {
  come_up(0);
  shard->wants_ticks(worker, 500ms, now);
  send(1, 1);
  const auto call = called(Call::process_records);
  pass(2s);
  EXPECT_FALSE(take<action::CallWorker>());
  over(call);
  EXPECT_TRUE(answered());
  over(called(Call::tick));
}

// On an idle stream that may be hours: it can't be flushed where it could not checkpoint.
TEST_F(Tick, GoesOnWhileASuccessorWaitsForTheNextMessage) {
  hold_records();
  shard->run_release(2, 0, now);
  const WorkerId old = worker;
  load(KCLHOST_PLUGIN_CHECKPOINTS);
  over(called(Call::create));
  shard->wants_ticks(old, 500ms, now);
  pass(501ms);
  const auto ticked = called(Call::tick);
  EXPECT_EQ(ticked.worker, old);
  over(ticked);
  send(3, 3);
  const auto flush = called(Call::flush);
  EXPECT_EQ(flush.worker, old);
  over(flush);
  EXPECT_EQ(called(Call::initialize).worker, worker);
}

TEST_F(Tick, FailureHasNoConsequenceButALine) {
  come_up(0);
  shard->wants_ticks(worker, 500ms, now);
  pass(501ms);
  over(called(Call::tick), {KCLHOST_FAILED, "no"});
  const auto line = take<action::Tell>();
  ASSERT_TRUE(line);
  while (const auto next = take<action::Tell>()) EXPECT_EQ(next->text, "tick failed: no");
  send(1, 1);
  over(called(Call::process_records));
  EXPECT_TRUE(answered());
}

TEST_F(Tick, CheckpointWaitsForTheDaemonsNextMessage) {
  hold_records();
  const auto waits = tick();
  shard->wants_checkpoint(worker, waits.number, std::nullopt, -1, now);
  EXPECT_FALSE(checkpoint());
  send(3, 3);
  EXPECT_EQ(checkpoint(), "2");
  EXPECT_TRUE(take<action::AnswerCheckpoint>()->answer.ok());
  over(waits);
  EXPECT_EQ(called(Call::process_records).request.batch.sequence_number(0), "3");
}

TEST_F(Tick, TimeThatItWaitsForTheDaemonIsNotItsOwn) {
  hold_records();
  const auto waits = tick();
  pass(1s);
  shard->wants_checkpoint(worker, waits.number, std::nullopt, -1, now);
  pass(24h);
  EXPECT_FALSE(take<action::RequestStop>()) << "the daemon has nothing to say";
  send(3, 3);
  EXPECT_EQ(checkpoint(), "2");
  pass(config.timeouts.process_records - 1001ms);
  EXPECT_FALSE(take<action::RequestStop>());
  pass(1ms);
  EXPECT_TRUE(take<action::RequestStop>());
}

TEST_F(Tick, AnotherWorkersRefusalIsNotTheAnswerThatItWaitsFor) {
  hold_records();
  shard->run_release(2, 1, now);
  const auto candidate = take<action::StartWorker>();
  ASSERT_TRUE(candidate);
  Descriptor about;
  about.flags = KCLHOST_PLUGIN_CHECKPOINTS;
  shard->loaded(candidate->worker, about, now);
  const auto create = called(Call::create);
  const auto waits = tick();
  shard->wants_checkpoint(worker, waits.number, std::nullopt, -1, now);
  shard->wants_checkpoint(candidate->worker, create.number, std::nullopt, -1, now);
  EXPECT_EQ(take<action::AnswerCheckpoint>()->answer.status, KCLHOST_INVALID_STATE);
  over(create);
  pass(24h);
  while (const auto stop = take<action::RequestStop>()) EXPECT_NE(stop->worker, worker);
}

TEST_F(Tick, CheckpointThatWaitsIsRefusedWhenTheLeaseIsLost) {
  hold_records();
  const auto waits = tick();
  shard->wants_checkpoint(worker, waits.number, std::nullopt, -1, now);
  shard->lease_lost(now);
  EXPECT_EQ(take<action::AnswerCheckpoint>()->answer.status, KCLHOST_SHUTDOWN);
  over(waits);
  over(called(Call::lease_lost));
}

TEST_F(Tick, NeverHoldsUpWhatIsOwedToTheDaemon) {
  come_up(0);
  shard->wants_ticks(worker, 500ms, now);
  pass(501ms);
  const auto tick = called(Call::tick);
  shard->shutdown_requested(now);
  EXPECT_TRUE(take<action::RequestStop>());
  pass(config.timeouts.shutdown);
  EXPECT_TRUE(take<action::KillWorker>());
  const Death death{Death::Kind::timeout, 0, "ended"};
  shard->ended(tick.worker, &death, now);
  EXPECT_TRUE(take<action::SendStatus>());
}

}  // namespace
}  // namespace kclhost::host
