// The shard's end, and a plugin that checkpoints it for itself.
#include "shard_conversation.hpp"

namespace kclhost::host {
namespace {

class ShardEnd : public ShardConversation {
 protected:
  // The plugin has checkpointed the end, and is still in the call.
  action::CallWorker checkpoint_the_end() {
    come_up(KCLHOST_PLUGIN_CHECKPOINTS);
    shard->shard_ended(now);
    const auto call = called(Call::shard_ended);
    shard->wants_checkpoint(worker, call.number, std::nullopt, -1, now);
    EXPECT_EQ(checkpoint(), "") << "the end, and no record";
    return call;
  }
  bool told_that_it_comes_again() { return told("the end of the shard is not checkpointed"); }
};

TEST_F(ShardEnd, ThatIsRecordedStandsWhateverFailsBehindIt) {
  over(checkpoint_the_end(), {KCLHOST_FAILED, "the connection did not close"});
  EXPECT_FALSE(told_that_it_comes_again());
  EXPECT_TRUE(answered());
}

TEST_F(ShardEnd, ThatIsRecordedNeedsNoOtherInstance) {
  const Death death{Death::Kind::signal, 11, "killed by SIGSEGV", {}, true};
  shard->ended(checkpoint_the_end().worker, &death, now);
  EXPECT_FALSE(told_that_it_comes_again());
  EXPECT_TRUE(answered());
}

TEST_F(ShardEnd, ThatIsNotRecordedComesAgain) {
  come_up(KCLHOST_PLUGIN_CHECKPOINTS);
  shard->shard_ended(now);
  over(called(Call::shard_ended), {KCLHOST_FAILED, "no"});
  EXPECT_TRUE(told_that_it_comes_again());
  EXPECT_TRUE(answered());
}

}  // namespace
}  // namespace kclhost::host
