// Workers that lie, flood, meddle and start processes that do.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <string>

#include "worker_fixtures.hpp"

namespace kclhost::host::worker {
namespace {

using test::Lines;

class HostileWorker : public test::WorkerTest {
 protected:
  const Death& death() const { return *listener->death; }
  // It must be ended for what it did, which is named.
  void is_ended_for(std::string_view what) {
    wait_for_end();
    ASSERT_TRUE(listener->death) << what;
    EXPECT_EQ(death().kind, Death::Kind::misbehaved);
    EXPECT_EQ(death().message.substr(0, 17), "ended because it ") << death().message;
    EXPECT_NE(death().message.find(what), std::string::npos) << death().message;
  }
  void does(std::string_view what, std::string_view is_ended) {
    up(hostile);
    send(order(what));
    is_ended_for(is_ended);
  }
};

TEST_F(HostileWorker, ThatEndsACallTwiceIsEnded) {
  up(hostile);
  call(order("outcome twice"));
  EXPECT_TRUE(ok());
  is_ended_for("outcome of a call that was over");
  EXPECT_EQ(listener->outcomes.size(), 2u) << "create's and one";
}

TEST_F(HostileWorker, AnOutcomeOfAnotherCallIsIgnored) {
  up(hostile);
  for (int i = 0; i < 2; ++i) {
    const std::size_t before = listener->outcomes.size();
    call(order("outcome early"));
    EXPECT_TRUE(ok());
    EXPECT_EQ(listener->outcomes.size(), before + 1);
  }
  EXPECT_EQ(listener->texts("host"), Lines{"the worker sent the outcome of another call; it is ignored"}) << "once";
  EXPECT_EQ(listener->lines.front().level, KCLHOST_LOG_WARN);
}

TEST_F(HostileWorker, AnotherWorkersOutcomeIsIgnored) {
  up(hostile);
  call(order("stranger"));
  EXPECT_TRUE(ok());
  EXPECT_EQ(listener->texts("host").size(), 1u);
}

TEST_F(HostileWorker, ThatAsksForTwoCheckpointsAtOnceIsEnded) {
  up(hostile);
  listener->answer.reset();
  send(order("checkpoints 2"));
  is_ended_for("while it waited for the answer to another");
  EXPECT_EQ(listener->checkpoints.size(), 1u);
}

TEST_F(HostileWorker, ThatDoesNotReadItsAnswersIsEnded) {
  does("checkpoints 100000000", "did not read what the host had sent it");
}

TEST_F(HostileWorker, ThatAsksForACheckpointInInitializeIsEnded) {
  start(hostile, "\"checkpoint in initialize\"");
  call(Call::create);
  send({.call = Call::initialize, .shard_id = "s", .sequence_number = "1"});
  is_ended_for("asked for a checkpoint in initialize");
  EXPECT_EQ(listener->checkpoints, Lines{});
}

TEST_F(HostileWorker, ThatSendsNonsenseIsEnded) {
  does("short", "a message of a wrong size");
  does("empty", "a message of a wrong size");
  does("sizes", "a message of a wrong size");
  does("unknown", "a message that no worker sends");
}

TEST_F(HostileWorker, ThatSaysWhatItsPluginCanNotIsEnded) {
  does("metric", "recorded a metric that it has not made");
  does("made", "made a metric that is none");
  does("ticks", "asked for ticks, which its plugin has no function for");
  does("acknowledged", "acknowledged records, which its plugin is not there for");
  does("rejected", "rejected a record that it was not given");
}

TEST_F(HostileWorker, AForkedChildThatReturnsSaysNothing) {
  up(hostile);
  call(order("child returns"));
  EXPECT_FALSE(ok());
  call(Call::lease_lost);
  EXPECT_TRUE(ok());
  EXPECT_EQ(listener->texts("host"), Lines{});
}

TEST_F(HostileWorker, WhatAForkedChildSendsIsIgnored) {
  for (const char* what : {"outcome", "checkpoint", "short", "empty"}) {
    up(hostile);
    call(order(std::string("child ") + what));
    EXPECT_FALSE(ok()) << what;
    EXPECT_EQ(listener->checkpoints, Lines{});
    ASSERT_EQ(listener->texts("host").size(), 1u) << what;
    EXPECT_EQ(listener->texts("host").front().substr(0, 38), "a process that the plugin started sent") << what;
    EXPECT_NE(listener->texts("host").front().find("it is ignored"), std::string::npos);
    call(order(std::string("child ") + what));
    EXPECT_EQ(listener->texts("host").size(), 1u) << "told once";
  }
}

// They go on after the worker's end, two of them out of its process group.
TEST_F(HostileWorker, ChildrenThatLogWithoutEnd) {
  up(hostile);
  send(order("children log"));
  turn_until([this] { return !listener->texts("host").empty(); });
  life->kill(Death::Kind::timeout, "ended because process_records took longer than 1s");
  wait_for_end();
  EXPECT_EQ(death().message, "ended because process_records took longer than 1s");
  EXPECT_EQ(listener->texts(), Lines{});
}

TEST_F(HostileWorker, AChildsCrashIsNotTheWorkers) {
  up(hostile);
  call(order("child crashes"));
  ASSERT_TRUE(listener->death);
  EXPECT_EQ(death().message, "ended by exit(3)");
  EXPECT_TRUE(death().stack.empty()) << listener->frames();
}

TEST_F(HostileWorker, ThatLeftItsProcessGroupIsEndedAllTheSame) {
  up(hostile);
  send(order("leave group"));
  turn_until([this] { return !listener->texts().empty(); });
  life->kill(Death::Kind::timeout, "ended for a reason");
  wait_for_end();
  up(hostile);
  send(order("leave group"));
  turn_until([this] { return !listener->texts().empty(); });
  life.reset();
}

TEST_F(HostileWorker, CanNeitherTruncateNorOverwriteWhatItSharesWithItsHost) {
  up(hostile);
  ASSERT_TRUE(decode->buffer.reserve(1 << 20));
  call(order("reach"));
  EXPECT_TRUE(ok());
  const Lines told = listener->texts();
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[0], "seen 1") << "the host of this test is dumpable";
  EXPECT_EQ(told[1], "reached 0");
}

// ---- What the plugin's own programs inherit

TEST_F(HostileWorker, ItsProgramsHaveOrdinarySignalsAndLimits) {
  up(hostile);
  call(order("sh grep -E '^(SigIgn|SigBlk|NoNewPrivs)' /proc/self/status"));
  const Lines status = listener->texts();
  ASSERT_EQ(status.size(), 3u);
  EXPECT_EQ(status[0], "SigBlk:\t0000000000000000");
  // Of 32 and 33 the C library keeps all others away.
  EXPECT_EQ(std::stoull(status[1].substr(8), nullptr, 16) & ~0x180000000ULL, 0u) << status[1];
  EXPECT_EQ(status[2], "NoNewPrivs:\t1");
  forget();
  call(order("sh ulimit -S -c; ulimit -H -c"));
  rlimit core{};
  ::getrlimit(RLIMIT_CORE, &core);
  const std::string hard = core.rlim_max == RLIM_INFINITY ? "unlimited" : std::to_string(core.rlim_max / 512);
  EXPECT_EQ(listener->texts(), (Lines{"0", hard}));
}

TEST_F(HostileWorker, ItsProgramsHaveNoMoreDescriptorsThanTheStandardOnes) {
  up(hostile);
  // 3 is the listing's own.
  call(order("sh ls /proc/self/fd"));
  EXPECT_EQ(listener->texts(), (Lines{"0", "1", "2", "3"}));
}

}  // namespace
}  // namespace kclhost::host::worker
