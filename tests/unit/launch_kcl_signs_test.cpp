#include "launch/kcl_signs.hpp"

#include <gtest/gtest.h>

namespace kclhost::host::launch {
namespace {

constexpr char skipped[] = "Exception occurred while dispatching incoming data.  The incoming data has been skipped";

std::string daemon_line(const std::string& logger, const std::string& message) {
  return "2026-01-31T12:00:00.000Z WARN  daemon [RxComputationThreadPool-1] " + logger + ": " + message;
}

TEST(KclSigns, TheKclsOwnLineCounts) {
  SignWatch watch;
  EXPECT_EQ(watch.sees(daemon_line("ShardConsumerSubscriber", std::string("shardId-0: ") + skipped)), Sign::left_out);
  EXPECT_EQ(watch.sees("12:00 WARN s.a.k.lifecycle.ShardConsumerSubscriber - Caught exception from handleInput"),
            Sign::left_out);
  EXPECT_EQ(watch.sees(R"({"message":"Caught exception from handleInput","logger_name":"x.ShardConsumerSubscriber"})"),
            Sign::left_out);
}

TEST(KclSigns, EachHasALoggerOfItsOwn) {
  SignWatch watch;
  constexpr char gave_up[] = "Unable to initialize after 20 attempts. Shutting down. | java.lang.RuntimeException";
  EXPECT_EQ(watch.sees(daemon_line("Scheduler", gave_up)), Sign::gave_up);
  EXPECT_EQ(watch.sees(std::string("ERROR s.a.k.coordinator.Scheduler - ") + gave_up), Sign::gave_up);
  EXPECT_EQ(watch.sees(daemon_line("ShardConsumerSubscriber", gave_up)), Sign::none);
  EXPECT_EQ(watch.sees(daemon_line("Scheduler", skipped)), Sign::none);
  EXPECT_EQ(watch.sees(daemon_line("Scheduler", "Lease table is still empty. Checking again in 3000 ms")),
            Sign::table_empty);
  EXPECT_EQ(watch.sees(daemon_line("Scheduler", "Worker a-1 is initiating the lease sync.")), Sign::makes_leases);
  EXPECT_EQ(watch.sees(daemon_line("Scheduler", "Initialization complete. Starting worker loop.")), Sign::begun);
  EXPECT_EQ(watch.sees(daemon_line("Scheduler", "Created new shardConsumer for : ShardInfo(...)")), Sign::first_shard);
}

TEST(KclSigns, OtherLinesDoNot) {
  SignWatch watch;
  EXPECT_EQ(watch.sees(""), Sign::none);
  EXPECT_EQ(watch.sees("ShardConsumerSubscriber: all is well"), Sign::none);
  EXPECT_EQ(watch.sees(skipped), Sign::none);
  EXPECT_EQ(watch.sees(daemon_line("ProcessTask", std::string("ShardConsumerSubscriber: ") + skipped)), Sign::none);
  EXPECT_EQ(watch.sees(daemon_line("ShardConsumerSubscriberish", skipped)), Sign::none);
}

TEST(KclSigns, NoLineOfAHostCounts) {
  SignWatch watch;
  const std::string text = std::string("ShardConsumerSubscriber: ") + skipped;
  EXPECT_EQ(watch.sees("2026-01-31T12:00:00.000Z info  " + text), Sign::none);
  EXPECT_EQ(watch.sees("2026-01-31T12:00:00.000Z error shard-0 a.b/1 [stderr] " + text), Sign::none);
  EXPECT_EQ(
      watch.sees(R"({"time":"2026-01-31T12:00:00.000Z","level":"info","source":"plugin","message":")" + text + "\"}"),
      Sign::none);
}

TEST(KclSigns, AnEchoCountsAsLittleAsTheLineBefore) {
  SignWatch watch;
  const std::string forged = daemon_line("ShardConsumerSubscriber", skipped);
  const auto logged = [&] {
    return daemon_line("DrainChildSTDERRTask",
                       "Received error line from subprocess [" + forged + "] for shard shardId-0");
  };
  EXPECT_EQ(watch.sees(logged()), Sign::none);
  EXPECT_EQ(watch.sees(forged), Sign::none);
  EXPECT_EQ(watch.sees(forged), Sign::left_out) << "one echo for each line";
}

}  // namespace
}  // namespace kclhost::host::launch
