// A worker's life from end to end, with real plugins in it, in a process and on a thread.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <string>

#include "worker_fixtures.hpp"

namespace kclhost::host::worker {
namespace {

using test::In;
using test::Lines;

class WorkerLife : public test::WorkerTest, public testing::WithParamInterface<In> {
 protected:
  void start_in(const std::string& plugin, const std::string& config_json = "{}",
                std::int32_t log_level = KCLHOST_LOG_INFO) {
    start(plugin, config_json, log_level, GetParam());
  }
  void up_in() { up(teller, GetParam()); }
  bool in_process() const { return GetParam() == In::process; }
};

INSTANTIATE_TEST_SUITE_P(Both, WorkerLife, testing::Values(In::process, In::thread),
                         [](const auto& in) { return test::name_of(in.param); });

TEST_P(WorkerLife, TellsWhatItLoaded) {
  start_in(teller);
  ASSERT_TRUE(listener->about);
  const Descriptor& about = *listener->about;
  EXPECT_EQ(about.id, "test.teller");
  EXPECT_EQ(about.version, "1.2.3-rc1");
  EXPECT_EQ(about.description, "Tells what it is asked");
  EXPECT_EQ(about.config_schema, R"({"type": ["object", "string"]})");
  EXPECT_TRUE(about.checkpoints_itself());
  EXPECT_TRUE(about.wants_empty_batches());
  EXPECT_EQ(listener->texts(), Lines{}) << "create was not called yet";
  EXPECT_EQ(life->resident_memory() != 0, in_process());
}

TEST_P(WorkerLife, AWholeLife) {
  const std::string config = R"({"greeting": "caf)"
                             "\u00e9"
                             R"(", "n": [1, 2]})";
  start_in(teller, config);
  call(Call::create);
  EXPECT_TRUE(ok());
  call({.call = Call::initialize,
        .shard_id = "shardId-000000000007",
        .sequence_number = "TRIM_HORIZON",
        .sub_sequence_number = 3,
        .beginning = Beginning::swap});
  EXPECT_TRUE(ok());
  call(process(R"({"action":"processRecords","millisBehindLatest":77,"records":[{"data":"b25l","partitionKey":"k1",)"
               R"("sequenceNumber":"10","subSequenceNumber":1,"approximateArrivalTimestamp":1700000000000},)"
               R"({"data":null,"partitionKey":"caf\u00e9","sequenceNumber":"11"}]})"));
  EXPECT_TRUE(ok());
  call(process(R"({"action":"processRecords","records":[]})"));
  EXPECT_TRUE(ok());
  call(Call::shutdown_requested);
  EXPECT_TRUE(ok());
  call(Call::lease_lost);
  EXPECT_TRUE(ok());
  call(Call::flush);
  EXPECT_TRUE(ok()) << "which this plugin does not have";
  call(Call::destroy);
  EXPECT_TRUE(listener->over);
  EXPECT_FALSE(listener->death);
  EXPECT_EQ(listener->outcomes.size(), 7u) << "destroy has none";
  EXPECT_EQ(listener->texts(),
            (Lines{"create config=" + config + " path=plugins/configured.so",
                   "initialize shard=shardId-000000000007 at=TRIM_HORIZON/3 reason=2",
                   "process_records count=2 behind=77 attempt=1", "record one key=k1 at=10/1 arrival=1700000000000",
                   "record  key=caf\u00e9 at=11/0 arrival=-9223372036854775808",
                   "process_records count=0 behind=-1 attempt=1", "shutdown_requested", "lease_lost", "destroy"}));
  EXPECT_EQ(listener->metrics, (Lines{"made 1 tellers '' 'how many there are' kind=caf\u00e9", "0 1.500000"}));
}

TEST_P(WorkerLife, ABatchThatGrewAfterTheWorkerStarted) {
  up_in();
  std::string line = R"({"action":"processRecords","records":[)";
  for (int i = 0; i < 3'000; ++i) {
    line += (i ? "," : "") + std::string(R"({"data":"eA==","partitionKey":"k","sequenceNumber":")") +
            std::to_string(i) + "\"}";
  }
  call(process(line + "]}"));
  EXPECT_TRUE(ok());
  const auto texts = listener->texts();
  ASSERT_EQ(texts.size(), 3'001u);
  EXPECT_EQ(texts[3'000], "record x key=k at=2999/0 arrival=-9223372036854775808");
}

TEST_P(WorkerLife, ABatchInMemoryThatTookTheOldOnesPlace) {
  up_in();
  for (const char* text : {"before", "after", "once more"}) {
    // More than is worth keeping.
    ASSERT_TRUE(decode->buffer.reserve(1 << 20));
    call(order(text));
    EXPECT_EQ(listener->texts().back(), "record " + std::string(text) + " key=k at=100/0 arrival=-9223372036854775808");
    decode->buffer.release();
    decode->release();
  }
}

TEST_P(WorkerLife, OtherMemoryComesToAWorkerWithoutAFreeDescriptor) {
  if (!in_process()) GTEST_SKIP() << "the descriptors would be the test's own";
  up_in();
  for (const char* text : {"hoard", "after", "once more"}) {
    ASSERT_TRUE(decode->buffer.reserve(1 << 20));
    call(order(text));
    ASSERT_FALSE(listener->over) << text;
    EXPECT_EQ(listener->texts().back(), "record " + std::string(text) + " key=k at=100/0 arrival=-9223372036854775808");
    decode->buffer.release();
    decode->release();
  }
}

// What it maps would keep the memory alive.
TEST_P(WorkerLife, AnIdleWorkerLetsReleasedMemoryGo) {
  up_in();
  const std::string process = "/proc/" + std::to_string(pid()), maps = process + "/maps";
  const auto is_mapped = [&maps](ino_t inode) {
    std::ifstream lines(maps);
    for (std::string line; std::getline(lines, line);) {
      if (line.find("kclhost-batch") != std::string::npos && line.find(" " + std::to_string(inode) + " ") != line.npos)
        return true;
    }
    return false;
  };
  ASSERT_TRUE(decode->buffer.reserve(1 << 20));
  struct stat before {
  }, after{};
  ASSERT_EQ(::fstat(decode->buffer.read_only_fd(), &before), 0);
  EXPECT_TRUE(is_mapped(before.st_ino));
  decode->buffer.release();
  ASSERT_EQ(::fstat(decode->buffer.read_only_fd(), &after), 0);
  EXPECT_EQ(life->deadline(), Clock::time_point::min());
  life->on_time(Clock::now());
  EXPECT_GT(life->deadline(), Clock::now());
  // After what it was told before.
  call(Call::flush);
  EXPECT_TRUE(ok());
  EXPECT_FALSE(is_mapped(before.st_ino));
  EXPECT_TRUE(is_mapped(after.st_ino));
  if (!in_process()) return;
  for (const auto& entry : std::filesystem::directory_iterator(process + "/fd")) {
    const int fd = std::stoi(entry.path().filename());
    EXPECT_TRUE(fd <= STDERR_FILENO || fd >= far_from_plugins) << fd << ": a plugin may think that it is its own";
  }
}

TEST_P(WorkerLife, APartOfABatchAndAnotherAttempt) {
  up_in();
  const Request whole = process(batch_of({"a", "b", "c", "d"}));
  call({.call = Call::process_records, .batch = whole.batch.slice(1, 2), .attempt = 3});
  EXPECT_TRUE(ok());
  EXPECT_EQ(listener->texts(),
            (Lines{"process_records count=2 behind=5 attempt=3", "record b key=k at=101/0 arrival=-9223372036854775808",
                   "record c key=k at=102/0 arrival=-9223372036854775808"}));
}

TEST_P(WorkerLife, AFailedCallSaysWhyAndWhatIsDone) {
  up_in();
  call(process(batch_of({"a", "b", "fail 2", "c"})));
  EXPECT_FALSE(ok());
  EXPECT_EQ(outcome().status, KCLHOST_FAILED);
  EXPECT_EQ(outcome().first_unfinished, 2u);
  EXPECT_EQ(outcome().message, "failed as it was told");
  call(order("fine again"));
  EXPECT_TRUE(ok());
  EXPECT_EQ(outcome().message, "");
}

TEST_P(WorkerLife, APluginThatMiscountsSkipsNoRecord) {
  up_in();
  call(process(batch_of({"fail 1000", "b"})));
  EXPECT_EQ(outcome().first_unfinished, 2u);
}

TEST_P(WorkerLife, AFailureMayNameItsCulpritAndWishForTheNextTry) {
  up_in();
  call(process(batch_of({"a", "b", "blame 1"})));
  EXPECT_EQ(outcome().culprit, 1u);
  EXPECT_TRUE(outcome().permanent);
  EXPECT_EQ(outcome().retry_after_ms, 3'600'000u) << "an hour is the most";
  call(order("blame 1"));
  EXPECT_FALSE(outcome().culprit) << "the batch has no such record";
  EXPECT_TRUE(outcome().permanent);
  call(order("name"));
  EXPECT_FALSE(outcome().permanent || outcome().culprit || outcome().retry_after_ms);
}

TEST_P(WorkerLife, AFailureAlwaysHasAMessage) {
  up_in();
  call(order("name"));
  EXPECT_EQ(outcome().message, "WordException");
  call(order("silent"));
  EXPECT_EQ(outcome().message, "status 99 without a message");
}

TEST_P(WorkerLife, CreateMayRefuse) {
  start_in(teller, "\"refuse\"");
  call(Call::create);
  EXPECT_EQ(outcome().message, "refused by its configuration");
  call(Call::destroy);
  EXPECT_FALSE(listener->death) << "there is nothing to destroy";
  EXPECT_EQ(listener->texts(), Lines{});
}

TEST_P(WorkerLife, CheckpointsGoToTheHostAndItsAnswersBack) {
  up_in();
  listener->answer = {KCLHOST_THROTTLING, "ThrottlingException", "slow down"};
  call(Call::shard_ended);
  EXPECT_EQ(outcome().status, KCLHOST_THROTTLING);
  EXPECT_EQ(listener->checkpoints, (Lines{"4711/8", "null/-1"}));
  EXPECT_EQ(listener->texts(), (Lines{"shard_ended", "checkpoint code=3 name=ThrottlingException message=slow down",
                                      "checkpoint_all code=3 name=ThrottlingException message=slow down"}));
}

TEST_P(WorkerLife, AnAnswerMayComeLater) {
  up_in();
  listener->answer.reset();
  send({.call = Call::shard_ended});
  turn_until([this] { return listener->checkpoints.size() == 1; });
  life->answer_checkpoint(number + 1, {KCLHOST_FAILED, "", "of no call"});
  EXPECT_FALSE(ok());
  life->answer_checkpoint(number, {});
  life->answer_checkpoint(number, {KCLHOST_FAILED, "", "answered already"});
  turn_until([this] { return listener->checkpoints.size() == 2; });
  life->answer_checkpoint(number, {});
  turn_until([this] { return has_outcome() && last().call == number; });
  EXPECT_TRUE(ok());
  life->answer_checkpoint(number, {KCLHOST_FAILED, "", "the call is over"});
  call(Call::lease_lost);
  EXPECT_TRUE(ok());
}

TEST_P(WorkerLife, ACheckpointNeedsASequenceNumber) {
  up_in();
  call(order("null"));
  EXPECT_EQ(
      listener->texts().back(),
      "checkpoint code=6 name=IllegalArgumentException message=checkpoint needs a sequence number; checkpoint_all "
      "does without");
  EXPECT_EQ(listener->checkpoints, Lines{});
}

TEST_P(WorkerLife, ATickMayCheckpoint) {
  up_in();
  call(Call::tick);
  EXPECT_TRUE(ok());
  EXPECT_EQ(listener->texts(), (Lines{"tick", "checkpoint_all code=0 name= message="}));
  EXPECT_EQ(listener->checkpoints, Lines{"null/-1"});
}

TEST_P(WorkerLife, TicksAreAskedFor) {
  up_in();
  call(process(batch_of({"tick 250", "tick 0"})));
  EXPECT_EQ(listener->tick_intervals, (std::vector<std::uint32_t>{250, 0}));
  up(acker, GetParam());
  call(order("a"));
  EXPECT_TRUE(listener->tick_intervals.empty());
}

TEST_P(WorkerLife, KnowsWhereItIs) {
  Spec spec = spec_of(teller, "\"where\"");
  spec.application = "words-app";
  spec.stream = "words";
  spec.lane = 2;
  spec.lane_count = 4;
  begin(spec, GetParam());
  turn_until([this] { return listener->about || listener->over; });
  call({.call = Call::create, .shard_id = "shardId-000000000007"});
  EXPECT_TRUE(ok());
  EXPECT_EQ(listener->texts().back(), "application=words-app stream=words shard=shardId-000000000007 lane=2/4");
}

TEST_P(WorkerLife, KnowsWhatTimeIsLeft) {
  up_in();
  call(order("left"));
  EXPECT_EQ(listener->texts()[2], "no limit");
  forget();
  Request request = order("left");
  request.timeout_ms = 3'600'000 * 24;
  listener->answer.reset();
  send(request);
  turn_until([this] { return !listener->checkpoints.empty(); });
  life->answer_checkpoint(number, {});
  turn_until([this] { return has_outcome() && last().call == number; });
  ASSERT_EQ(listener->texts().size(), 5u);
  EXPECT_TRUE(listener->texts()[2].starts_with("minutes left: 1")) << listener->texts()[2];
  EXPECT_TRUE(listener->texts()[4].starts_with("minutes left: 1")) << listener->texts()[4];
}

TEST_P(WorkerLife, RecordsAreNumberedOn) {
  up_in();
  call(process(batch_of({"id", "id"})));
  call(order("a"));
  call(order("id"));
  Lines ids = listener->texts();
  std::erase_if(ids, [](const std::string& text) { return !text.starts_with("id "); });
  EXPECT_EQ(ids, (Lines{"id 0", "id 1", "id 3"}));
}

TEST_P(WorkerLife, ARecordOfTheBatchMayBeRejected) {
  up_in();
  call(order("a"));
  forget();
  call(process(batch_of({"reject 2", "reject 1", "reject 1", "reject 0", "reject 4"})));
  EXPECT_TRUE(ok());
  EXPECT_EQ(listener->custody, (Lines{"-2 no good", "-1 no good", "-4 no good", "call " + std::to_string(number)}))
      << "each once";
  Lines answers = listener->texts();
  std::erase_if(answers, [](const std::string& text) { return !text.starts_with("rejected "); });
  EXPECT_EQ(answers,
            (Lines{"rejected code=0", "rejected code=0", "rejected code=0", "rejected code=6", "rejected code=0"}))
      << "the first record was another batch's";
}

TEST_P(WorkerLife, WhatIsRefusedIsToldOnce) {
  up_in();
  call(process(batch_of({"reject 7", "reject 8"})));
  EXPECT_EQ(listener->texts("host"),
            Lines{"the plugin was refused the rejection of record 7, which is none of the call in progress"});
}

TEST_P(WorkerLife, AWorkerForManyInstancesOutlivesThem) {
  start_for_many(teller, GetParam());
  for (int instance = 0; instance < 3; ++instance) {
    for (const Call one : {Call::create, Call::initialize, Call::destroy}) {
      call(one);
      ASSERT_TRUE(ok());
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // which have a heap of their own
      EXPECT_NE(outcome().allocated, 0u);
#endif
    }
  }
  EXPECT_FALSE(listener->over);
  EXPECT_EQ(life->process() != 0, in_process());
}

TEST_P(WorkerLife, LogsAtTheHostsLevel) {
  start_in(teller, "{}", KCLHOST_LOG_TRACE);
  call(Call::create);
  EXPECT_EQ(listener->texts().back(), "a trace line");
  start_in(teller, "{}", KCLHOST_LOG_ERROR);
  call(Call::create);
  EXPECT_EQ(listener->texts(), Lines{});
}

TEST_P(WorkerLife, AskedToStopItReturnsEarly) {
  up_in();
  send(order("wait"));
  life->request_stop(Stop::deadline);
  turn_until([this] { return has_outcome() && last().call == number; });
  EXPECT_TRUE(ok());
  EXPECT_EQ(listener->texts().back(), "told to stop: late");
  // The next call is not told.
  forget();
  send(order("wait"));
  turn_until([this] { return listener->texts().size() == 2; });
  EXPECT_EQ(last().call, number - 1);
  life->request_stop(Stop::end);
  turn_until([this] { return last().call == number; });
  EXPECT_EQ(listener->texts().back(), "told to stop: the end");
}

TEST_P(WorkerLife, AnUndefinedSymbolIsNamed) {
  start_in(KCLHOST_ZOO "/undefined_symbol.so");
  ASSERT_TRUE(listener->why_not_loaded);
  EXPECT_NE(listener->why_not_loaded->find("can't be loaded"), std::string::npos) << *listener->why_not_loaded;
  EXPECT_NE(listener->why_not_loaded->find("nowhere_defined"), std::string::npos) << *listener->why_not_loaded;
  EXPECT_FALSE(listener->death) << "it ends in good order";
}

TEST_P(WorkerLife, AFileThatIsGone) {
  start_in("/nowhere/plugin.so");
  ASSERT_TRUE(listener->why_not_loaded);
  EXPECT_NE(listener->why_not_loaded->find("No such file"), std::string::npos) << *listener->why_not_loaded;
}

TEST_P(WorkerLife, ATableOfAnotherMajor) {
  start_in(KCLHOST_ZOO "/wrong_major.so");
  ASSERT_TRUE(listener->why_not_loaded);
  EXPECT_NE(listener->why_not_loaded->find("ABI major 2"), std::string::npos) << *listener->why_not_loaded;
}

// Also one whose call goes on: the thread then ends when the plugin lets it.
TEST_P(WorkerLife, MayBeLetGoAtAnyTime) {
  begin(spec_of(teller), GetParam());
  life.reset();
  up_in();
  life.reset();
  up_in();
  send(order("wait"));
  turn_until([this] { return listener->texts().size() == 2; });
  life.reset();
  up_in();
  listener->answer.reset();
  send({.call = Call::shard_ended});
  turn_until([this] { return !listener->checkpoints.empty(); });
  life.reset();
}

}  // namespace
}  // namespace kclhost::host::worker
