#include "launch/kcl_signs.hpp"

#include <gtest/gtest.h>

namespace kclhost::host::launch {
namespace {

constexpr char skipped[] = "Exception occurred while dispatching incoming data.  The incoming data has been skipped";

std::string line_of(const std::string& logger, const std::string& message) {
  return "2026-01-31T12:00:00.000Z WARN  daemon [RxComputationThreadPool-1] " + logger + ": " + message;
}

TEST(KclSigns, TheKclsOwnLineCounts) {
  EXPECT_EQ(sign_in(line_of("ShardConsumerSubscriber", std::string("shardId-0: ") + skipped)), Sign::left_out);
  EXPECT_EQ(sign_in("12:00 WARN s.a.k.lifecycle.ShardConsumerSubscriber - Caught exception from handleInput"),
            Sign::left_out);
  EXPECT_EQ(sign_in(R"({"message":"Caught exception from handleInput","logger_name":"x.ShardConsumerSubscriber"})"),
            Sign::left_out);
}

TEST(KclSigns, EachHasALoggerOfItsOwn) {
  constexpr char gave_up[] = "Unable to initialize after 20 attempts. Shutting down. | java.lang.RuntimeException";
  EXPECT_EQ(sign_in(line_of("Scheduler", gave_up)), Sign::gave_up);
  EXPECT_EQ(sign_in(std::string("ERROR s.a.k.coordinator.Scheduler - ") + gave_up), Sign::gave_up);
  EXPECT_EQ(sign_in(line_of("ShardConsumerSubscriber", gave_up)), Sign::none);
  EXPECT_EQ(sign_in(line_of("Scheduler", skipped)), Sign::none);
  EXPECT_EQ(sign_in(line_of("Scheduler", "Lease table is still empty. Checking again in 3000 ms")), Sign::table_empty);
  EXPECT_EQ(sign_in(line_of("Scheduler", "Worker a-1 is initiating the lease sync.")), Sign::makes_leases);
  EXPECT_EQ(sign_in(line_of("Scheduler", "Initialization complete. Starting worker loop.")), Sign::begun);
  EXPECT_EQ(sign_in(line_of("Scheduler", "Created new shardConsumer for : ShardInfo(...)")), Sign::first_shard);
}

TEST(KclSigns, OtherLinesDoNot) {
  EXPECT_EQ(sign_in(""), Sign::none);
  EXPECT_EQ(sign_in("ShardConsumerSubscriber: all is well"), Sign::none);
  EXPECT_EQ(sign_in(skipped), Sign::none);
  EXPECT_EQ(sign_in(line_of("ProcessTask", std::string("ShardConsumerSubscriber: ") + skipped)), Sign::none);
  EXPECT_EQ(sign_in(line_of("ShardConsumerSubscriberish", skipped)), Sign::none);
}

TEST(KclSigns, NoLineOfAHostCounts) {
  const std::string text = std::string("ShardConsumerSubscriber: ") + skipped;
  EXPECT_EQ(sign_in("2026-01-31T12:00:00.000Z info  " + text), Sign::none);
  EXPECT_EQ(sign_in("2026-01-31T12:00:00.000Z error shard-0 a.b/1 [stderr] " + text), Sign::none);
  EXPECT_EQ(
      sign_in(R"({"time":"2026-01-31T12:00:00.000Z","level":"info","source":"plugin","message":")" + text + "\"}"),
      Sign::none);
}

TEST(KclSigns, NoLineAboutAChildsCounts) {
  EXPECT_EQ(sign_in(line_of("DrainChildSTDERRTask", "Received error line from subprocess [" +
                                                        line_of("ShardConsumerSubscriber", skipped) +
                                                        "] for shard shardId-0")),
            Sign::none);
}

}  // namespace
}  // namespace kclhost::host::launch
