// Calls that a plugin wants from time to time.
#include "shard_conversation.hpp"

namespace kclhost::host {
namespace {

using namespace std::chrono_literals;

class Tick : public ShardConversation {};

TEST_F(Tick, ComesAtItsTimeWithoutAMessage) {
  come_up(0);
  shard->wants_ticks(worker, 500ms, now);
  EXPECT_EQ(shard->deadline(), now.steady + 500ms);
  pass(499ms);
  EXPECT_FALSE(take<action::CallWorker>());
  pass(1ms);
  const auto tick = called(Call::tick);
  EXPECT_EQ(shard->deadline(), now.steady + config.timeouts.process_records);
  pass(100ms);
  over(tick);
  EXPECT_EQ(shard->deadline(), now.steady + 500ms) << "from its end on";
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

TEST_F(Tick, FailureHasNoConsequenceButALine) {
  come_up(0);
  shard->wants_ticks(worker, 500ms, now);
  pass(500ms);
  over(called(Call::tick), {KCLHOST_FAILED, "no"});
  const auto line = take<action::Tell>();
  ASSERT_TRUE(line);
  while (const auto next = take<action::Tell>()) EXPECT_EQ(next->text, "tick failed: no");
  send(1, 1);
  over(called(Call::process_records));
  EXPECT_TRUE(answered());
}

TEST_F(Tick, CheckpointWaitsForTheDaemonsNextMessage) {
  come_up(KCLHOST_PLUGIN_CHECKPOINTS);
  send(1, 2);
  over(called(Call::process_records));
  EXPECT_TRUE(answered());
  shard->wants_ticks(worker, 500ms, now);
  pass(500ms);
  const auto tick = called(Call::tick);
  shard->wants_checkpoint(worker, tick.number, std::nullopt, -1, now);
  EXPECT_FALSE(checkpoint());
  send(3, 3);
  EXPECT_EQ(checkpoint(), "2");
  EXPECT_TRUE(take<action::AnswerCheckpoint>()->answer.ok());
  over(tick);
  EXPECT_EQ(called(Call::process_records).request.batch.sequence_number(0), "3");
}

TEST_F(Tick, TimeThatItWaitsForTheDaemonIsNotItsOwn) {
  come_up(KCLHOST_PLUGIN_CHECKPOINTS);
  send(1, 2);
  over(called(Call::process_records));
  EXPECT_TRUE(answered());
  shard->wants_ticks(worker, 500ms, now);
  pass(500ms);
  const auto tick = called(Call::tick);
  pass(1s);
  shard->wants_checkpoint(worker, tick.number, std::nullopt, -1, now);
  pass(24h);
  EXPECT_FALSE(take<action::RequestStop>()) << "the daemon has nothing to say";
  send(3, 3);
  EXPECT_EQ(checkpoint(), "2");
  pass(config.timeouts.process_records - 1001ms);
  EXPECT_FALSE(take<action::RequestStop>());
  pass(1ms);
  EXPECT_TRUE(take<action::RequestStop>());
}

TEST_F(Tick, CheckpointThatWaitsIsRefusedWhenTheLeaseIsLost) {
  come_up(KCLHOST_PLUGIN_CHECKPOINTS);
  send(1, 2);
  over(called(Call::process_records));
  shard->wants_ticks(worker, 500ms, now);
  pass(500ms);
  const auto tick = called(Call::tick);
  shard->wants_checkpoint(worker, tick.number, std::nullopt, -1, now);
  shard->lease_lost(now);
  EXPECT_EQ(take<action::AnswerCheckpoint>()->answer.status, KCLHOST_SHUTDOWN);
  over(tick);
  over(called(Call::lease_lost));
}

TEST_F(Tick, NeverHoldsUpWhatIsOwedToTheDaemon) {
  come_up(0);
  shard->wants_ticks(worker, 500ms, now);
  pass(500ms);
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
