// Where the lease is lost.
#include "shard_conversation.hpp"

namespace kclhost::host {
namespace {

using namespace std::chrono_literals;

using Lease = ShardConversation;

// Another process may be at work on the shard: a plugin may open what that writes.
TEST_F(Lease, OnceItIsLostNoInstanceComesUp) {
  const Death death{Death::Kind::signal, 11, "killed by SIGSEGV"};
  come_up(0);
  shard->ended(worker, &death, now);
  load(0);
  create_and_initialize();
  shard->ended(worker, &death, now);
  ASSERT_FALSE(take<action::StartWorker>()) << "the second time there is a pause";
  shard->lease_lost(now);
  EXPECT_TRUE(answered()) << "nobody is left who could be told";
  pass(24h);
  EXPECT_FALSE(take<action::StartWorker>());
}

}  // namespace
}  // namespace kclhost::host
