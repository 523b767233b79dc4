// Plugins that acknowledge: what the host hears of it, and when.
#include <gtest/gtest.h>

#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>

#include "worker_fixtures.hpp"

namespace kclhost::host::worker {
namespace {

using test::In;
using test::Lines;

class WorkerAcknowledging : public test::WorkerTest, public testing::WithParamInterface<In> {
 protected:
  void SetUp() override { up(acker, GetParam()); }
  std::string this_call() const { return "call " + std::to_string(number); }
  const Lines& custody() const { return listener->custody; }
};

INSTANTIATE_TEST_SUITE_P(Both, WorkerAcknowledging, testing::Values(In::process, In::thread),
                         [](const auto& in) { return test::name_of(in.param); });

TEST_P(WorkerAcknowledging, IsTold) {
  EXPECT_TRUE(listener->about->acknowledges());
  EXPECT_FALSE(listener->about->checkpoints_itself());
  EXPECT_TRUE(listener->about->holds_records());
  EXPECT_FALSE(listener->about->ticks);
  EXPECT_GE(listener->about->most_open, 65'536u);
}

TEST_P(WorkerAcknowledging, WithinACallIsHeardBeforeItsOutcome) {
  call(process(batch_of({"a", "b", "ack 0 2"})));
  EXPECT_EQ(custody(), (Lines{"0+2", this_call()}));
  forget();
  call(order("ack 2 2"));
  EXPECT_EQ(custody(), (Lines{"2+2", this_call()}));
}

TEST_P(WorkerAcknowledging, InAnyOrder) {
  call(process(batch_of({"ack 4 1", "ack 2 1", "ack 0 1", "ack 1 1", "x"})));
  EXPECT_EQ(custody(), (Lines{"0+3", "4+1", this_call()}));
}

TEST_P(WorkerAcknowledging, OfAFailedCallCountsAsWell) {
  call(process(batch_of({"ack 0 1", "fail"})));
  EXPECT_FALSE(ok());
  EXPECT_EQ(custody(), (Lines{"0+1", this_call()}));
}

TEST_P(WorkerAcknowledging, BetweenCallsWakesTheHost) {
  const std::filesystem::path file = std::filesystem::temp_directory_path() / ("acker" + std::to_string(::getpid()));
  for (int i = 0; i < 3; ++i) {
    std::filesystem::remove(file);
    forget();
    const std::string id = std::to_string(next_record);
    call(order("file " + id + " 1 " + file.string()));
    std::ofstream(file) << "now";
    turn_until([this] { return custody().size() == 2; });
    EXPECT_EQ(custody(), (Lines{this_call(), id + "+1"}));
  }
  std::filesystem::remove(file);
}

TEST_P(WorkerAcknowledging, ManyThreadsAtOnce) {
  constexpr std::uint64_t threads = 8;
  call(process(batch_of(
      {"later 0 1", "later 1 1", "later 2 1", "later 3 1", "later 4 1", "later 5 1", "later 6 1", "later 7 1"})));
  const auto heard = [this] {
    std::uint64_t sum = 0;
    for (const std::string& one : custody()) {
      if (const std::size_t plus = one.find('+'); plus != std::string::npos) sum += std::stoull(one.substr(plus + 1));
    }
    return sum;
  };
  turn_until([&] { return heard() == threads; });
}

TEST_P(WorkerAcknowledging, WhatWasNotGivenOrIsDoneIsIgnored) {
  call(process(batch_of({"ack 1 1000000", "ack 0 0", "ack 1 1", "ack 18446744073709551615 2"})));
  EXPECT_EQ(custody(), (Lines{"1+3", this_call()}));
  forget();
  call(process(batch_of({"ack 1 1", "ack 2 1", "later 3 1", "x"})));
  call(order("ack 4 18446744073709551615"));
  EXPECT_EQ(custody().back(), this_call());
  EXPECT_EQ(custody()[custody().size() - 2], "4+5");
}

TEST_P(WorkerAcknowledging, RejectsAtAnyTime) {
  call(process(batch_of({"a", "b", "c"})));
  forget();
  call(process(batch_of({"reject 1", "reject 1", "ack 1 2", "reject 2", "reject 77"})));
  EXPECT_EQ(custody(), (Lines{"-1 no good", "2+1", this_call()})) << "each is told once";
  EXPECT_EQ(listener->texts()[2], "rejected code=6") << "it is acknowledged";
  EXPECT_EQ(listener->texts()[3], "rejected code=6") << "it was never given";
}

TEST_P(WorkerAcknowledging, EachInstanceOfAWorkerCountsFrom0) {
  start_for_many(acker, GetParam());
  for (int instance = 0; instance < 3; ++instance) {
    call(Call::create);
    forget();
    next_record = 0;
    call(process(batch_of({"ack 0 1", "reject 1", "x"})));
    EXPECT_EQ(custody(), (Lines{"-1 no good", "0+1", this_call()}));
    call(Call::destroy);
  }
}

TEST_P(WorkerAcknowledging, OnTheWayOut) {
  call(order("x"));
  call(order("later 0 2"));
  call(Call::destroy);
  EXPECT_EQ(custody().back(), "end");
  EXPECT_LE(custody().size(), 4u);
}

TEST_P(WorkerAcknowledging, OfAChildIsNotThePlugins) {
  call(order("child 0 1"));
  call(order("ack 1 1"));
  EXPECT_EQ(custody(), (Lines{"call 2", "1+1", "call 3"}));
}

// Far more than the memory has room for at once.
TEST_P(WorkerAcknowledging, Round) {
  std::string line = R"({"action":"processRecords","records":[)";
  const int records = 10'000;
  for (int i = 0; i < records; ++i) {
    line += (i ? "," : "") + std::string(R"({"data":"eA==","partitionKey":"k","sequenceNumber":")") +
            std::to_string(i) + "\"}";
  }
  line += "]}";
  for (int round = 0; round < 30; ++round) {
    call(process(line));
    forget();
    const RecordId first = next_record - static_cast<RecordId>(records);
    call(order("ack " + std::to_string(first) + " " + std::to_string(records + 1)));
    ASSERT_EQ(custody(), (Lines{std::to_string(first) + "+" + std::to_string(records + 1), this_call()}));
  }
}

class WorkerAcknowledgingProcess : public test::WorkerTest {};

TEST_F(WorkerAcknowledgingProcess, BeforeItsDeathCounts) {
  up(acker);
  call(process(batch_of({"a", "b", "die 0 2"})));
  ASSERT_TRUE(listener->death);
  EXPECT_EQ(listener->death->detail, SIGKILL);
  EXPECT_EQ(listener->custody, (Lines{"0+2", "end"}));
}

}  // namespace
}  // namespace kclhost::host::worker
