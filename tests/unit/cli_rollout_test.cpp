// kclhost rollout, while hosts live.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "cli/rollout_desk.hpp"
#include "release_machine.hpp"
#include "support/exit_code.hpp"

namespace kclhost::host::cli::rollouts {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using Wanted = run::Releases::Wanted;

class RolloutCommands : public test::Machine {
 protected:
  struct Ended {
    int code;
    std::string out, why;
  };
  Options options() {
    Options all;
    all.config.file = dir / "k.yaml";
    return all;
  }
  Ended run(int (*command)(const Options&), const Options& options) {
    testing::internal::CaptureStdout();
    Ended ended{};
    try {
      ended.code = command(options);
    } catch (const Failure& failure) {
      ended.code = failure.exit_code;
      ended.why = failure.message;
    }
    std::fflush(stdout);
    ended.out = testing::internal::GetCapturedStdout();
    return ended;
  }
  Ended run(int (*command)(const Options&)) { return run(command, options()); }
  // While the command runs, the host does what its shard would: it takes whatever is wanted.
  Ended run_beside(test::OneHost& host, int (*command)(const Options&), const Options& options) {
    std::atomic<bool> over = false;
    std::thread loop([&] {
      while (!over) {
        host.turn(std::chrono::milliseconds{10});
        host->taken(host.wanted().release);
      }
    });
    Ended ended = run(command, options);
    over = true;
    loop.join();
    return ended;
  }
  // Release 1 runs, 2 is on trial on shard a of a and b.
  void start_trial() {
    configure("rollout: {steps: [1, 100%]}\n");
    proven();
    a = start("a");
    (*a)->taken(1);
    replace(2);
    a->until(Wanted{2, 1});
    (*a)->taken(2);
  }

  std::unique_ptr<test::OneHost> a;
};

TEST_F(RolloutCommands, StatusOfAMachineOnWhichNothingRan) {
  const Ended ended = run(status);
  EXPECT_EQ(ended.code, exit_done);
  EXPECT_EQ(ended.out, "no release has run yet\nno shard is live\n");
  EXPECT_EQ(run(rollouts::history).out, "nothing has happened yet\n");
  EXPECT_THAT(run(pause).why, HasSubstr("no release is on trial"));
  EXPECT_THAT(run(resume).why, HasSubstr("no release is on trial"));
  EXPECT_THAT(run(promote).why, HasSubstr("name one with --to"));
  EXPECT_THAT(run(undo).why, HasSubstr("name one with --to"));
  Options to = options();
  to.to = 7;
  EXPECT_THAT(run(undo, to).why, HasSubstr("there is no release 7 of this application; there is none"));
}

TEST_F(RolloutCommands, StatusOfATrial) {
  start_trial();
  (*a)->called(2, 7, std::chrono::microseconds{70}, true, 5u << 20);
  a->turn(std::chrono::milliseconds{0});
  const Ended ended = run(status);
  EXPECT_EQ(ended.code, exit_under_way);
  EXPECT_THAT(ended.out, AllOf(HasSubstr("release 1 runs\nrelease 2 is on trial: step 1 of 2, "),
                               HasSubstr("\nSHARD  PID"), HasSubstr("\na  ")));
  Options json = options();
  json.json = true;
  EXPECT_THAT(run(status, json).out,
              AllOf(HasSubstr("\"current\": 1, \"trial\": {\"release\": 2, \"previous\": 1, \"step\": 1, \"steps\": 2"),
                    HasSubstr("\"on_trial\": true")));
  EXPECT_THAT(run(rollouts::history).out, AllOf(HasSubstr("trial"), HasSubstr("took")));
}

TEST_F(RolloutCommands, UndoWaitsUntilTheShardsHaveGoneBack) {
  start_trial();
  Options soon = options();
  soon.timeout = 0;
  Ended ended = run(undo, soon);
  EXPECT_EQ(ended.code, exit_under_way);
  EXPECT_EQ(ended.out, "release 1 does not run yet on a\n");
  ended = run_beside(*a, undo, [&] {
    Options to = options();
    to.to = 1;
    return to;
  }());
  EXPECT_EQ(ended.code, exit_done) << ended.why;
  EXPECT_EQ(ended.out, "release 1 runs on 1 shard\n");
  ended = run(status);
  EXPECT_EQ(ended.code, exit_stopped) << "the newest trial was undone";
}

TEST_F(RolloutCommands, PromoteEndsTheTrial) {
  start_trial();
  const Ended ended = run_beside(*a, promote, options());
  EXPECT_EQ(ended.code, exit_done) << ended.why;
  EXPECT_EQ(state().current, 2u);
  a->until(Wanted{2, 0});
  EXPECT_EQ(run(status).code, exit_done);
  const Ended back = run_beside(*a, undo, options());
  EXPECT_EQ(back.code, exit_done) << back.why;
  EXPECT_EQ(state().current, 1u) << "the one that ran before";
  (*a)->look();
  EXPECT_EQ(a->wanted(), (Wanted{1, 0})) << "the configured file was undone by hand";
}

TEST_F(RolloutCommands, UndoneTwiceIsNotThereAgain) {
  start_trial();
  ASSERT_EQ(run_beside(*a, promote, options()).code, exit_done);
  ASSERT_EQ(run_beside(*a, undo, options()).code, exit_done);
  const Ended again = run_beside(*a, undo, options());
  EXPECT_EQ(again.code, exit_stopped);
  EXPECT_EQ(again.why, "release 2 ran before, and was given up: by hand; name a release with --to");
  EXPECT_EQ(state().current, 1u);
  Options to = options();
  to.to = 2;
  EXPECT_EQ(run_beside(*a, undo, to).out, "release 2 runs on 1 shard\n") << "it was named";
}

TEST_F(RolloutCommands, UndoToWhatRunsChangesNothing) {
  start_trial();
  ASSERT_EQ(run_beside(*a, promote, options()).code, exit_done);
  Options to = options();
  to.to = 2;
  const std::vector<rollout::What> before = history();
  EXPECT_EQ(run_beside(*a, undo, to).out, "release 2 runs on 1 shard\n");
  EXPECT_EQ(history(), before);
  EXPECT_EQ(run(status).code, exit_done);
}

TEST_F(RolloutCommands, ATrialThatWasWithdrawnIsNoneThatWasUndone) {
  start_trial();
  ASSERT_EQ(run_beside(*a, undo, options()).code, exit_done);
  EXPECT_EQ(run(status).code, exit_stopped);
  replace(3);
  a->until(Wanted{3, 1});
  replace(1);
  a->until(Wanted{1, 0});
  const Ended ended = run(status);
  EXPECT_EQ(ended.code, exit_done);
  EXPECT_THAT(ended.out, HasSubstr("release 3 was withdrawn: the candidate is release 1 again"));
}

TEST_F(RolloutCommands, PromotingWhatWasRefused) {
  start_trial();
  (*a)->refused(2, "initialize failed");
  Options to = options();
  to.to = 2;
  const Ended ended = run_beside(*a, promote, to);
  EXPECT_EQ(ended.code, exit_done) << ended.why;
  EXPECT_EQ(state().current, 2u);
}

TEST_F(RolloutCommands, AReleaseThatIsDamagedIsNotGoneBackTo) {
  start_trial();
  ASSERT_EQ(run_beside(*a, promote, options()).code, exit_done);
  std::filesystem::remove(dir / "state/releases/1/files/p.so");
  const Ended ended = run_beside(*a, undo, options());
  EXPECT_EQ(ended.code, exit_stopped);
  EXPECT_THAT(ended.why, AllOf(HasSubstr("release 1 can't be used: "), HasSubstr("p.so is gone")));
  EXPECT_EQ(state().current, 2u);
}

TEST_F(RolloutCommands, PauseAndResume) {
  start_trial();
  EXPECT_EQ(run(pause).out, "the trial of release 2 is paused\n");
  EXPECT_THAT(run(status).out, HasSubstr("on trial, paused"));
  EXPECT_EQ(run(resume).out, "the trial of release 2 goes on\n");
  EXPECT_THAT(run(status).out, Not(HasSubstr("paused")));
}

TEST_F(RolloutCommands, WatchingEndsWithTheTrial) {
  start_trial();
  std::thread by_hand([this] {
    Desk desk(options());
    desk.change([](const rollout::State&, rollout::Change& change) { change.undo("by hand"); });
  });
  Options watch = options();
  watch.watch = true;
  const Ended ended = run(status, watch);
  by_hand.join();
  EXPECT_EQ(ended.code, exit_stopped);
  EXPECT_THAT(ended.out, HasSubstr("release 2 was undone: by hand"));
}

TEST_F(RolloutCommands, AConfigurationWithAMistake) {
  configure("rollout: 7\n");
  EXPECT_EQ(run(status).code, exit_usage);
}

}  // namespace
}  // namespace kclhost::host::cli::rollouts
