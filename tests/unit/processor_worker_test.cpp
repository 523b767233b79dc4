// A worker from end to end, with real plugins in it.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "core_messages.hpp"
#include "core_services.hpp"
#include "processor/worker_process.hpp"
#include "store/attempt_journal.hpp"
#include "support/fd.hpp"

namespace kclhost::host::processor {
namespace {

using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

const std::string teller = KCLHOST_TEST_PLUGINS "/teller.so";
const std::string crasher = KCLHOST_TEST_PLUGINS "/crasher.so";

class Worker : public testing::Test {
 protected:
  // Starts one, and waits until its plugin is loaded or is not.
  void start(const std::string& plugin, const std::string& config_json = "{}",
             std::int32_t log_level = KCLHOST_LOG_INFO) {
    worker = std::make_unique<WorkerProcess>(WorkerSpec{plugin, "plugins/configured.so", config_json, log_level}, loop,
                                             &decode.buffer, services);
    wait();
  }
  void wait() {
    loop.run_until([this] { return !worker->busy(); });
  }
  const Outcome& call(const Request& request) {
    worker->start(request);
    wait();
    return worker->outcome();
  }
  const Outcome& call(Call call_) { return call(Request{.call = call_}); }
  const Outcome& process(const std::string& line) {
    auto message = decode(line);
    EXPECT_TRUE(message) << message.error();
    return call({.call = Call::process_records, .batch = message->batch});
  }
  // Delivers one record that tells the plugin what to do.
  const Outcome& order(std::string_view text) { return process(batch_of({text})); }
  static std::string batch_of(std::initializer_list<std::string_view> texts) {
    std::string line = R"({"action":"processRecords","millisBehindLatest":5,"records":[)";
    int number = 0;
    for (const std::string_view text : texts) {
      std::string data;
      base64::encode(text, data);
      line += (number ? "," : "") + std::string(R"({"partitionKey":"k","data":")") + data + R"(","sequenceNumber":")" +
              std::to_string(100 + number) + "\"}";
      ++number;
    }
    return line + "]}";
  }
  void up(const std::string& plugin = teller) {
    start(plugin);
    ASSERT_EQ(worker->load_error(), "");
    ASSERT_TRUE(call(Call::create).ok()) << worker->outcome().message;
    services.forget();
  }
  Outcome crash(const std::string& how) {
    up(crasher);
    return call({.call = Call::initialize, .shard_id = how, .sequence_number = "1"});
  }
  static std::string frames(const Outcome& outcome) {
    std::string all;
    for (const std::string& frame : outcome.death->stack) all += frame + "\n";
    return all;
  }

  EventLoop loop;
  test::Decoder decode;
  test::FakeServices services;
  std::unique_ptr<WorkerProcess> worker;
};

TEST_F(Worker, TellsWhatItLoaded) {
  start(teller);
  EXPECT_EQ(worker->load_error(), "");
  EXPECT_TRUE(worker->alive());
  const Descriptor& about = worker->descriptor();
  EXPECT_EQ(about.id, "test.teller");
  EXPECT_EQ(about.version, "1.2.3-rc1");
  EXPECT_EQ(about.description, "Tells what it is asked");
  EXPECT_EQ(about.config_schema, R"({"type": ["object", "string"]})");
  EXPECT_TRUE(about.checkpoints_itself());
  EXPECT_TRUE(about.wants_empty_batches());
  EXPECT_EQ(services.texts(), Lines{}) << "create was not called yet";
}

TEST_F(Worker, IsShownAsOne) {
  up();
  const std::string process = "/proc/" + std::to_string(worker->pid());
  const auto first_line = [](const std::string& path) {
    std::string line;
    std::ifstream file(path, std::ios::binary);
    std::getline(file, line);
    return line;
  };
  EXPECT_EQ(first_line(process + "/comm"), "kclhost-worker");
  const std::string shown = first_line(process + "/cmdline");
  EXPECT_EQ(shown.substr(0, shown.find_last_not_of('\0') + 1), std::string("kclhost\0worker", 14));
}

TEST_F(Worker, HasNoMoreOfTheHostThanItNeeds) {
  namespace fs = std::filesystem;
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  const Fd in(pipe[0]), out(pipe[1]);
  const Fd far(::fcntl(pipe[1], F_DUPFD, 300));
  const fs::path state = fs::path(testing::TempDir()) / ("tries-" + std::to_string(::getpid()));
  const auto journal = store::AttemptJournal::open(state);
  ASSERT_TRUE(journal) << journal.error();
  fs::remove(state);
  up();
  const fs::path process = "/proc/" + std::to_string(worker->pid());
  int far_ones = 0;
  for (const auto& entry : fs::directory_iterator(process / "fd")) {
    const int fd = std::stoi(entry.path().filename());
    EXPECT_TRUE(fd <= 2 || fd >= 200) << fd;
    far_ones += fd >= 200;
    EXPECT_NE(fs::read_symlink(entry.path()), fs::read_symlink("/proc/self/fd/" + std::to_string(in.get())));
  }
  EXPECT_EQ(far_ones, 2) << "the channel and the control page";
  // Of memory that processes share.
  std::ifstream maps(process / "maps");
  std::string batches, controls;
  for (std::string address, access, rest; maps >> address >> access && std::getline(maps, rest);) {
    if (!access.ends_with('s')) continue;
    std::string& found = rest.find("kclhost-batch") != std::string::npos ? batches : controls;
    found += access;
    EXPECT_TRUE(rest.find("kclhost-batch") != std::string::npos || rest.find("kclhost-control") != std::string::npos)
        << rest;
  }
  EXPECT_EQ(batches, "r--s");
  EXPECT_EQ(controls, "rw-s");
}

TEST_F(Worker, AWholeLife) {
  const std::string config = R"({"greeting": "caf)"
                             "\u00e9"
                             R"(", "n": [1, 2]})";
  start(teller, config);
  EXPECT_TRUE(call(Call::create).ok());
  EXPECT_TRUE(call({.call = Call::initialize,
                    .shard_id = "shardId-000000000007",
                    .sequence_number = "TRIM_HORIZON",
                    .sub_sequence_number = 3,
                    .hand_over = true})
                  .ok());
  EXPECT_TRUE(
      process(R"({"action":"processRecords","millisBehindLatest":77,"records":[{"data":"b25l","partitionKey":"k1",)"
              R"("sequenceNumber":"10","subSequenceNumber":1,"approximateArrivalTimestamp":1700000000000},)"
              R"({"data":null,"partitionKey":"caf\u00e9","sequenceNumber":"11"}]})")
          .ok());
  EXPECT_TRUE(process(R"({"action":"processRecords","records":[]})").ok());
  EXPECT_TRUE(call(Call::shutdown_requested).ok());
  EXPECT_TRUE(call(Call::lease_lost).ok());
  EXPECT_TRUE(call(Call::drain).ok()) << "which this plugin does not have";
  EXPECT_TRUE(call(Call::destroy).ok());
  EXPECT_FALSE(worker->alive());
  EXPECT_EQ(services.texts(),
            (Lines{"create config=" + config + " path=plugins/configured.so",
                   "initialize shard=shardId-000000000007 at=TRIM_HORIZON/3 hand_over=1",
                   "process_records count=2 behind=77 attempt=1", "record one key=k1 at=10/1 arrival=1700000000000",
                   "record  key=caf\u00e9 at=11/0 arrival=-9223372036854775808",
                   "process_records count=0 behind=-1 attempt=1", "shutdown_requested", "lease_lost", "destroy"}));
  EXPECT_EQ(services.metrics, Lines{"1 tellers 1.500000"});
}

TEST_F(Worker, ABatchThatGrewAfterTheWorkerStarted) {
  up();
  std::string line = R"({"action":"processRecords","records":[)";
  for (int i = 0; i < 3'000; ++i) {
    line += (i ? "," : "") + std::string(R"({"data":"eA==","partitionKey":"k","sequenceNumber":")") +
            std::to_string(i) + "\"}";
  }
  EXPECT_TRUE(process(line + "]}").ok());
  const auto texts = services.texts();
  ASSERT_EQ(texts.size(), 3'001u);
  EXPECT_EQ(texts[3'000], "record x key=k at=2999/0 arrival=-9223372036854775808");
}

TEST_F(Worker, APartOfABatchAndAnotherAttempt) {
  up();
  const auto message = decode(batch_of({"a", "b", "c", "d"}));
  ASSERT_TRUE(message);
  EXPECT_TRUE(call({.call = Call::process_records, .batch = message->batch.slice(1, 2), .attempt = 3}).ok());
  EXPECT_EQ(services.texts(),
            (Lines{"process_records count=2 behind=5 attempt=3", "record b key=k at=101/0 arrival=-9223372036854775808",
                   "record c key=k at=102/0 arrival=-9223372036854775808"}));
}

TEST_F(Worker, AFailedCallSaysWhyAndWhatIsDone) {
  up();
  const Outcome& outcome = process(batch_of({"a", "b", "fail 2", "c"}));
  EXPECT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.status, KCLHOST_FAILED);
  EXPECT_EQ(outcome.first_unfinished, 2u);
  EXPECT_EQ(outcome.message, "failed as it was told");
  EXPECT_FALSE(outcome.death);
  EXPECT_TRUE(worker->alive());
  EXPECT_TRUE(order("fine again").ok());
  EXPECT_EQ(worker->outcome().message, "");
}

TEST_F(Worker, APluginThatMiscountsSkipsNoRecord) {
  up();
  EXPECT_EQ(process(batch_of({"fail 1000", "b"})).first_unfinished, 2u);
}

TEST_F(Worker, AFailureAlwaysHasAMessage) {
  up();
  EXPECT_EQ(order("name").message, "WordException");
  EXPECT_EQ(order("silent").message, "status 99 without a message");
}

TEST_F(Worker, CreateMayRefuse) {
  start(teller, "\"refuse\"");
  EXPECT_EQ(call(Call::create).message, "refused by its configuration");
  EXPECT_TRUE(worker->alive());
  EXPECT_TRUE(call(Call::destroy).ok()) << "there is nothing to destroy";
  EXPECT_EQ(services.texts(), Lines{});
}

TEST_F(Worker, CheckpointsGoToTheHostAndItsAnswersBack) {
  up();
  services.answer = {KCLHOST_THROTTLING, "ThrottlingException", "slow down"};
  EXPECT_EQ(call(Call::shard_ended).status, KCLHOST_THROTTLING);
  EXPECT_EQ(services.checkpoints, (Lines{"4711/8", "null/-1"}));
  EXPECT_EQ(services.texts(), (Lines{"shard_ended", "checkpoint code=3 name=ThrottlingException message=slow down",
                                     "checkpoint code=3 name=ThrottlingException message=slow down"}));
}

TEST_F(Worker, LogsAtTheHostsLevel) {
  start(teller, "{}", KCLHOST_LOG_TRACE);
  call(Call::create);
  EXPECT_EQ(services.texts().back(), "a trace line");
  services.forget();
  start(teller, "{}", KCLHOST_LOG_ERROR);
  call(Call::create);
  EXPECT_EQ(services.texts(), Lines{});
}

TEST_F(Worker, WhatItPrintsBecomesLogLines) {
  up();
  EXPECT_TRUE(order("print").ok());
  EXPECT_TRUE(order("part").ok());
  EXPECT_TRUE(call(Call::destroy).ok());
  EXPECT_EQ(services.texts("stdout"), (Lines{"out one", "out two", "no end"}));
  EXPECT_EQ(services.texts("stderr"), Lines{"err one"});
}

// ---- Death

TEST_F(Worker, ACrashHasItsCauseAndItsStack) {
  const Outcome outcome = crash("writes_nowhere");
  ASSERT_TRUE(outcome.death);
  EXPECT_FALSE(outcome.ok());
  EXPECT_FALSE(worker->alive());
  EXPECT_EQ(outcome.death->cause, "killed by SIGSEGV at address 0x10");
  EXPECT_EQ(outcome.message, outcome.death->cause);
  ASSERT_GE(outcome.death->stack.size(), 3u) << frames(outcome);
  const std::string all = frames(outcome);
  EXPECT_NE(all.find("does_as_told+0x"), std::string::npos) << all;
  EXPECT_NE(all.find(" in configured.so"), std::string::npos) << all;
  EXPECT_LT(all.find("writes_nowhere+0x"), all.find("does_as_told+0x")) << all;
  EXPECT_LT(all.find("does_as_told+0x"), all.find("initialize+0x")) << all;
}

TEST_F(Worker, TheStackBeginsWithTheFunctionThatFaulted) {
  EXPECT_EQ(crash("writes_nowhere").death->stack.at(0).substr(0, 14), "writes_nowhere");
  EXPECT_EQ(crash("faults_at_once").death->stack.at(0), "faults_at_once+0x0 in configured.so");
}

// As through a table of functions that was never filled.
TEST_F(Worker, ACallOfNothing) {
  const Outcome outcome = crash("calls_nothing");
  ASSERT_TRUE(outcome.death);
  EXPECT_EQ(outcome.death->cause, "killed by SIGSEGV at address 0x0");
}

TEST_F(Worker, AnAbort) {
  const Outcome outcome = crash("gives_up");
  ASSERT_TRUE(outcome.death);
  EXPECT_EQ(outcome.death->cause, "killed by SIGABRT");
  EXPECT_NE(frames(outcome).find("gives_up+0x"), std::string::npos) << frames(outcome);
}

TEST_F(Worker, AnOverflownStack) {
  const Outcome outcome = crash("runs_out_of_stack");
  ASSERT_TRUE(outcome.death);
  EXPECT_EQ(outcome.death->cause.substr(0, 17), "killed by SIGSEGV") << outcome.death->cause;
  EXPECT_NE(frames(outcome).find("runs_out_of_stack+0x"), std::string::npos) << frames(outcome);
}

TEST_F(Worker, AKillFromOutside) {
  const Outcome outcome = crash("is_killed");
  ASSERT_TRUE(outcome.death);
  EXPECT_EQ(outcome.death->cause.substr(0, 17), "killed by SIGKILL") << outcome.death->cause;
  EXPECT_TRUE(outcome.death->stack.empty());
}

TEST_F(Worker, AnExit) {
  up();
  const Outcome outcome = order("exit 3");
  ASSERT_TRUE(outcome.death);
  EXPECT_EQ(outcome.death->cause, "ended by exit(3)");
}

TEST_F(Worker, AnExitThatClaimsSuccess) {
  up();
  const Outcome outcome = order("exit 0");
  ASSERT_TRUE(outcome.death) << "the call never returned";
  EXPECT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.death->cause, "ended by exit(0)");
}

TEST_F(Worker, APluginThatClosesEverything) {
  up();
  const Outcome outcome = order("close");
  ASSERT_TRUE(outcome.death);
  EXPECT_FALSE(worker->alive());
}

TEST_F(Worker, ADeathBetweenCalls) {
  up();
  ::kill(worker->pid(), SIGKILL);
  EXPECT_TRUE(loop.run_until([this] { return !worker->alive(); }));
  ASSERT_TRUE(worker->outcome().death);
  EXPECT_EQ(worker->outcome().death->cause.substr(0, 17), "killed by SIGKILL");
}

TEST_F(Worker, ADeathBeforeTheCallIsNotThePluginsFault) {
  up();
  ::kill(worker->pid(), SIGSTOP);
  worker->start({.call = Call::shutdown_requested});
  ::kill(worker->pid(), SIGKILL);
  EXPECT_TRUE(loop.run_until([this] { return !worker->busy(); }));
  ASSERT_TRUE(worker->outcome().death);
  EXPECT_FALSE(worker->outcome().death->call_begun);
}

TEST_F(Worker, ADeathInTheCallMayBe) {
  const Outcome outcome = crash("is_killed");
  ASSERT_TRUE(outcome.death);
  EXPECT_TRUE(outcome.death->call_begun);
}

TEST_F(Worker, APluginThatHangsIsEndedWithItsStack) {
  start(KCLHOST_ZOO "/misbehave.so", R"({"fault":"hang","in":"initialize"})");
  ASSERT_TRUE(call(Call::create).ok());
  worker->start({.call = Call::initialize, .shard_id = "s", .sequence_number = "1"});
  EXPECT_FALSE(loop.run_until([this] { return !worker->busy(); }, Clock::now() + 200ms));
  worker->abort("ended because initialize took longer than 1s");
  EXPECT_FALSE(worker->alive());
  EXPECT_FALSE(worker->busy());
  ASSERT_TRUE(worker->outcome().death);
  EXPECT_EQ(worker->outcome().death->cause, "ended because initialize took longer than 1s");
  EXPECT_NE(frames(worker->outcome()).find("Misbehave>::initialize"), std::string::npos) << frames(worker->outcome());
}

TEST_F(Worker, APluginThatIgnoresSignalsIsEndedToo) {
  start(KCLHOST_ZOO "/misbehave.so", R"({"fault":"hang_unkillable","in":"initialize"})");
  ASSERT_TRUE(call(Call::create).ok());
  worker->start({.call = Call::initialize, .shard_id = "s", .sequence_number = "1"});
  EXPECT_FALSE(loop.run_until([this] { return !worker->busy(); }, Clock::now() + 500ms));
  worker->abort("ended for a reason");
  EXPECT_FALSE(worker->alive());
  EXPECT_EQ(worker->outcome().death->cause, "ended for a reason");
}

TEST_F(Worker, APluginThatPrintsWithoutEndMissesItsDeadlineAllTheSame) {
  up();
  const auto message = decode(batch_of({"flood"}));
  worker->start({.call = Call::process_records, .batch = message->batch});
  std::size_t steps = 0;
  EXPECT_FALSE(loop.run_until([&] { return ++steps == 1'000'000; }, Clock::now() + 50ms));
  worker->abort("ended because it took too long");
  EXPECT_FALSE(worker->alive());
}

TEST_F(Worker, AskedToStopItReturnsEarly) {
  up();
  const auto message = decode(batch_of({"wait"}));
  worker->start({.call = Call::process_records, .batch = message->batch});
  worker->request_stop();
  wait();
  EXPECT_TRUE(worker->outcome().ok());
  EXPECT_EQ(services.texts().back(), "told to stop");
  // The next call is not told.
  services.forget();
  worker->start({.call = Call::process_records, .batch = message->batch});
  EXPECT_TRUE(loop.run_until([this] { return services.texts().size() == 2; }));
  EXPECT_FALSE(loop.run_until([this] { return !worker->busy(); }, Clock::now() + 50ms));
}

TEST_F(Worker, GoesAwayWithItsHost) {
  up();
  const pid_t pid = worker->pid();
  worker.reset();
  EXPECT_EQ(::kill(pid, 0), -1);
  EXPECT_EQ(errno, ESRCH);
}

// ---- Loading

TEST_F(Worker, AnUndefinedSymbolIsNamed) {
  start(KCLHOST_ZOO "/undefined_symbol.so");
  EXPECT_NE(worker->load_error().find("can't be loaded"), std::string::npos) << worker->load_error();
  EXPECT_NE(worker->load_error().find("nowhere_defined"), std::string::npos) << worker->load_error();
}

TEST_F(Worker, AFileThatIsGone) {
  start("/nowhere/plugin.so");
  EXPECT_NE(worker->load_error().find("No such file"), std::string::npos) << worker->load_error();
}

TEST_F(Worker, ATableOfAnotherMajor) {
  start(KCLHOST_ZOO "/wrong_major.so");
  EXPECT_NE(worker->load_error().find("ABI major 2"), std::string::npos) << worker->load_error();
}

TEST_F(Worker, ACrashWhileLoading) {
  for (const char* plugin : {"load_segv.so", "entry_segv.so"}) {
    start(std::string(KCLHOST_ZOO "/") + plugin);
    EXPECT_EQ(worker->load_error().substr(0, 15), "can't be loaded");
    EXPECT_NE(worker->load_error().find("killed by SIGSEGV"), std::string::npos) << worker->load_error();
    EXPECT_FALSE(worker->alive());
  }
}

TEST_F(Worker, AnExitWhileLoading) {
  start(KCLHOST_ZOO "/load_call_exit.so");
  EXPECT_NE(worker->load_error().find("ended by exit(5)"), std::string::npos) << worker->load_error();
}

TEST_F(Worker, AHangWhileLoading) {
  worker = std::make_unique<WorkerProcess>(WorkerSpec{KCLHOST_ZOO "/load_hang.so", "p", "{}", KCLHOST_LOG_INFO}, loop,
                                           &decode.buffer, services);
  EXPECT_FALSE(loop.run_until([this] { return !worker->busy(); }, Clock::now() + 200ms));
  worker->abort("ended because loading took longer than timeouts.initialize");
  EXPECT_EQ(worker->load_error(),
            "can't be loaded: the process that tried was ended because loading took longer than timeouts.initialize");
}

}  // namespace
}  // namespace kclhost::host::processor
