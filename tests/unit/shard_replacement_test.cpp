// How a shard goes about an instance that is to be replaced, when no other can be had.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "shard/shard.hpp"

namespace kclhost::host {
namespace {

using namespace std::chrono_literals;

class OneBatch final : public BatchMemory {
 public:
  char* base() override { return reinterpret_cast<char*>(words_); }
  bool reserve(std::size_t bytes) override { return bytes <= sizeof words_; }

 private:
  std::uint64_t words_[128] = {};
};

Descriptor version(const char* number) {
  Descriptor about;
  about.id = "plugin";
  about.version = number;
  return about;
}

// A shard with an initialized instance, which is then to run another release: the successor's worker is being started.
class Replacement : public testing::Test {
 protected:
  Replacement() {
    config.on_error.retry = {3, 200ms, 10s};
    shard.begin(now);
    const WorkerId first = started().value();
    shard.loaded(first, version("1"), now);
    shard.initialize("shard", "TRIM_HORIZON", 0, {}, now);
    for (int i = 0; i < 2; ++i) {
      const action::CallWorker call = only<action::CallWorker>().value();
      shard.outcome(call.worker, call.number, {}, 0, now);
    }
    EXPECT_TRUE(only<action::SendStatus>());
    shard.run_release(2, 0, now);
  }

  // The last action of that kind since the last look.
  template <class Kind>
  std::optional<Kind> only() {
    std::optional<Kind> found;
    for (const Action& one : std::exchange(shard.actions(), {})) {
      if (const auto* told = std::get_if<action::Tell>(&one)) lines.push_back(told->text);
      if (const auto* release = std::get_if<action::ReleaseRefused>(&one)) refused = release->why;
      if (const auto* kind = std::get_if<Kind>(&one)) found = *kind;
    }
    return found;
  }
  // The worker that was to be started since the last look.
  std::optional<WorkerId> started() {
    const auto start = only<action::StartWorker>();
    return start ? std::optional(start->worker) : std::nullopt;
  }
  // A batch of one record makes the worker grow beyond its limit.
  void outgrow(const Outcome& outcome = {}) {
    config.worker.max_memory = 1'000;
    auto* const entry = reinterpret_cast<RecordEntry*>(memory.base() + 64);
    *entry = {0, 0, 0, 0, 0, 1, 0, KCLHOST_NO_TIMESTAMP};
    memory.base()[0] = '1';
    shard.process_records({memory.base(), 64, 1, -1}, now);
    const action::CallWorker call = only<action::CallWorker>().value();
    shard.outcome(call.worker, call.number, outcome, 2'000, now);
  }
  void let_time_pass() {
    ASSERT_NE(shard.deadline(), never) << "nothing would ever happen";
    ASSERT_GT(shard.deadline(), now.steady);
    now.steady = shard.deadline();
    shard.on_time(now);
  }
  // A start that comes to nothing is not made again at once, but later.
  template <class Fail>
  void fail_again_and_again(Fail&& fail) {
    Time last_pause{0};
    for (int i = 0; i < 8; ++i) {
      const auto successor = started();
      ASSERT_TRUE(successor) << "after " << i << " starts";
      fail(*successor);
      EXPECT_FALSE(started()) << "at once, after " << i << " starts";
      const Time before = now.steady;
      let_time_pass();
      last_pause = now.steady - before;
    }
    EXPECT_GE(last_pause, 5s) << "the pauses grow";
    const auto successor = started();
    ASSERT_TRUE(successor);
    shard.loaded(*successor, version("2"), now);
    for (const Call expected : {Call::create, Call::initialize}) {
      const auto call = only<action::CallWorker>();
      ASSERT_TRUE(call);
      EXPECT_EQ(call->worker, *successor);
      EXPECT_EQ(call->request.call, expected);
      shard.outcome(call->worker, call->number, {}, 0, now);
    }
    const auto destroy = only<action::CallWorker>();
    ASSERT_TRUE(destroy);
    EXPECT_EQ(destroy->request.call, Call::destroy) << "the old instance goes";
  }

  config::Config config;
  OneBatch memory;
  Now now{1'000s, 1'700'000'000'000};
  Shard shard{config, memory, 1, now};
  std::vector<std::string> lines;
  std::string refused;
};

TEST_F(Replacement, ThatCantBeStartedIsTriedAgainAfterAPause) {
  fail_again_and_again([this](WorkerId worker) { shard.not_started(worker, "no process to be had", true, now); });
  EXPECT_EQ(
      std::count_if(lines.begin(), lines.end(),
                    [](const std::string& line) { return line.find("no process to be had") != std::string::npos; }),
      8);
}

TEST_F(Replacement, OfAFileThatIsNoGoodIsNotTriedAgain) {
  shard.not_loaded(started().value(), "no", now);
  EXPECT_FALSE(started());
  EXPECT_EQ(shard.deadline(), never);
  EXPECT_EQ(refused, "plugin " + config.plugin.path + ": no");
}

// The same file again, because the worker has outgrown its memory: what can't be loaded now could be loaded before.
TEST_F(Replacement, OfAnOutgrownWorkerThatDoesNotLoadIsTriedAgainAfterAPause) {
  shard.not_loaded(started().value(), "no", now);
  outgrow();
  fail_again_and_again([this](WorkerId worker) { shard.not_loaded(worker, "no memory", now); });
}

// What fails may fail for want of memory.
TEST_F(Replacement, OfAnOutgrownWorkerComesAlsoWhereItsCallsFail) {
  shard.not_loaded(started().value(), "no", now);
  outgrow({KCLHOST_FAILED, "no memory"});
  EXPECT_TRUE(started());
}

// Two lanes, whose workers do what they are told as soon as they are there.
class ReplacementInTwoLanes : public testing::Test {
 protected:
  ReplacementInTwoLanes() {
    config.concurrency = 2;
    shard.emplace(config, memory, 1, now);
    shard->begin(now);
    go_on();
  }
  void load(WorkerId worker) {
    shard->loaded(worker, version("1"), now);
    go_on();
  }
  void go_on() {
    while (!shard->actions().empty()) {
      for (const Action& one : std::exchange(shard->actions(), {})) {
        if (const auto* start = std::get_if<action::StartWorker>(&one)) started.push_back(start->worker);
        if (const auto* release = std::get_if<action::ReleaseTaken>(&one))
          taken.emplace_back(release->release, release->by_all);
        if (const auto* call = std::get_if<action::CallWorker>(&one))
          shard->outcome(call->worker, call->number, {}, 0, now);
      }
    }
  }

  config::Config config;
  OneBatch memory;
  Now now{1'000s, 1'700'000'000'000};
  std::optional<Shard> shard;
  std::vector<WorkerId> started;
  std::vector<std::pair<std::uint32_t, bool>> taken;  // the release, and whether by all lanes
};

TEST_F(ReplacementInTwoLanes, IsWholeWhenBothHaveTakenTheReleaseOver) {
  using Taken = decltype(taken);
  ASSERT_EQ(started.size(), 2u);
  shard->initialize("shard", "TRIM_HORIZON", 0, {}, now);
  for (const WorkerId worker : std::exchange(started, {})) load(worker);
  EXPECT_EQ(std::exchange(taken, {}), (Taken{{1, false}, {1, true}}));
  shard->run_release(2, 0, now);
  go_on();
  ASSERT_EQ(started.size(), 2u);
  load(started[1]);
  EXPECT_EQ(std::exchange(taken, {}), (Taken{{2, false}}));
  load(started[0]);
  EXPECT_EQ(taken, (Taken{{2, true}}));
}

}  // namespace
}  // namespace kclhost::host
