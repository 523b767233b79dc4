// The most that a plugin which checkpoints for itself may hold.
#include "shard_conversation.hpp"

namespace kclhost::host {
namespace {

using namespace std::chrono_literals;

class InFlight : public ShardConversation {
 protected:
  InFlight() { config.in_flight.max_records = 1; }

  // The plugin holds two records, and is asked to flush.
  action::CallWorker hold_too_much() {
    come_up(KCLHOST_PLUGIN_CHECKPOINTS);
    send(1, 2);
    over(called(Call::process_records));
    return called(Call::flush);
  }
  // The next instance comes up in the place of the one at hand.
  void another() {
    shard->ended(called(Call::destroy).worker, nullptr, now);
    load(KCLHOST_PLUGIN_CHECKPOINTS);
    create_and_initialize();
  }
};

TEST_F(InFlight, AFlushThatChangesNothingEndsTheHost) {
  over(hold_too_much());
  const auto end = take<action::End>();
  ASSERT_TRUE(end);
  EXPECT_EQ(end->exit_code, exit_stopped);
  EXPECT_FALSE(answered());
}

TEST_F(InFlight, AFlushThatFailsIsAFailureOfWhatIsHeld) {
  over(hold_too_much(), {KCLHOST_FAILED, "the sink is away"});
  EXPECT_FALSE(take<action::End>());
  another();
  EXPECT_FALSE(take<action::CallWorker>()) << "on_error.retry's pause";
  pass(config.on_error.retry.max_backoff);
  const auto again = called(Call::process_records);
  EXPECT_EQ(again.request.batch.count, 2u);
  over(again);
  const auto flush = called(Call::flush);
  shard->wants_checkpoint(worker, flush.number, "2", 0, now);
  EXPECT_EQ(checkpoint(), "2");
  over(flush);
  EXPECT_TRUE(answered());
}

// A plugin that hands a refusal on is not at fault, nor is one that keeps it to itself.
TEST_F(InFlight, AFlushThatLacksACheckpointIsAskedForAgain) {
  config.checkpoint.retry.max_attempts = 1;
  auto again = hold_too_much();
  for (const CheckpointAnswer& answer : {CheckpointAnswer{KCLHOST_THROTTLING, "ThrottlingException", "slow down"},
                                         CheckpointAnswer{KCLHOST_INVALID_STATE, "InvalidStateException", "no table"},
                                         CheckpointAnswer{KCLHOST_OTHER_EXCEPTION, "RuntimeException", ""}}) {
    for (const Outcome& outcome : {Outcome{KCLHOST_FAILED, "no checkpoint"}, Outcome{}}) {
      const auto flush = again;
      refuse(flush, "2", answer);
      over(flush, outcome);
      EXPECT_FALSE(take<action::End>()) << answer.name;
      EXPECT_FALSE(take<action::CallWorker>());
      pass(config.checkpoint.retry.max_backoff);
      again = called(Call::flush);
      EXPECT_EQ(again.worker, flush.worker) << "it still holds them";
    }
  }
  shard->wants_checkpoint(worker, again.number, "2", 0, now);
  EXPECT_EQ(checkpoint(), "2");
  over(again);
  EXPECT_TRUE(answered());
}

TEST_F(InFlight, AFlushThatFailsWithoutTheLeaseOwesTheDaemonNothingElse) {
  const auto flush = hold_too_much();
  refuse(flush, "2", {KCLHOST_SHUTDOWN, "ShutdownException", "not yours"});
  over(flush, {KCLHOST_FAILED, "no checkpoint"});
  EXPECT_TRUE(answered());
}

}  // namespace
}  // namespace kclhost::host
