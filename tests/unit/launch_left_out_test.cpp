#include "launch/left_out.hpp"

#include <gtest/gtest.h>

namespace kclhost::host::launch {
namespace {

constexpr char skipped[] = "Exception occurred while dispatching incoming data.  The incoming data has been skipped";

std::string daemon_line(const std::string& logger, const std::string& message) {
  return "2026-01-31T12:00:00.000Z WARN  daemon [RxComputationThreadPool-1] " + logger + ": " + message;
}

TEST(LeftOut, TheKclsOwnLineCounts) {
  LeftOutWatch watch;
  EXPECT_TRUE(watch.sees(daemon_line("ShardConsumerSubscriber", std::string("shardId-0: ") + skipped)));
  EXPECT_TRUE(watch.sees("12:00 WARN s.a.k.lifecycle.ShardConsumerSubscriber - Caught exception from handleInput"));
  EXPECT_TRUE(
      watch.sees(R"({"message":"Caught exception from handleInput","logger_name":"x.ShardConsumerSubscriber"})"));
}

TEST(LeftOut, OtherLinesDoNot) {
  LeftOutWatch watch;
  EXPECT_FALSE(watch.sees(""));
  EXPECT_FALSE(watch.sees("ShardConsumerSubscriber: all is well"));
  EXPECT_FALSE(watch.sees(skipped));
  EXPECT_FALSE(watch.sees(daemon_line("ProcessTask", std::string("ShardConsumerSubscriber: ") + skipped)));
  EXPECT_FALSE(watch.sees(daemon_line("ShardConsumerSubscriberish", skipped)));
}

TEST(LeftOut, NoLineOfAHostCounts) {
  LeftOutWatch watch;
  const std::string text = std::string("ShardConsumerSubscriber: ") + skipped;
  EXPECT_FALSE(watch.sees("2026-01-31T12:00:00.000Z info  " + text));
  EXPECT_FALSE(watch.sees("2026-01-31T12:00:00.000Z error shard-0 a.b/1 [stderr] " + text));
  EXPECT_FALSE(
      watch.sees(R"({"time":"2026-01-31T12:00:00.000Z","level":"info","source":"plugin","message":")" + text + "\"}"));
}

TEST(LeftOut, AnEchoCountsAsLittleAsTheLineBefore) {
  LeftOutWatch watch;
  const std::string forged = daemon_line("ShardConsumerSubscriber", skipped);
  const auto logged = [&] {
    return daemon_line("DrainChildSTDERRTask",
                       "Received error line from subprocess [" + forged + "] for shard shardId-0");
  };
  EXPECT_FALSE(watch.sees(logged()));
  EXPECT_FALSE(watch.sees(forged));
  EXPECT_TRUE(watch.sees(forged)) << "one echo for each line";
}

}  // namespace
}  // namespace kclhost::host::launch
