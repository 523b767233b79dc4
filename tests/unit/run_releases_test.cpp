// Hosts of one machine agree on the release that each of their shards runs.
#include "run/releases.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>

#include "release_machine.hpp"
#include "store/release_reports.hpp"

namespace {
std::atomic<time_t> wall_clock_set_by{0}, steady_clock_set_by{0}, a_write_takes{0};  // seconds
}  // namespace

// In front of the C library's.
extern "C" int clock_gettime(clockid_t id, timespec* now) noexcept {
  const auto failed = static_cast<int>(::syscall(SYS_clock_gettime, id, now));
  if (failed == 0 && id == CLOCK_REALTIME) now->tv_sec += wall_clock_set_by;
  if (failed == 0 && id == CLOCK_MONOTONIC) now->tv_sec += steady_clock_set_by;
  return failed;
}

extern "C" int fsync(int fd) {
  wall_clock_set_by += a_write_takes;
  return static_cast<int>(::syscall(SYS_fsync, fd));
}

namespace kclhost::host::run {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using rollout::What;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using Wanted = Releases::Wanted;

class RunReleases : public test::Machine {
 protected:
  ~RunReleases() override { steady_clock_set_by = 0; }

  // A host that has taken release 2, which is on trial for that long.
  auto start_trial(const std::string& time) {
    proven();
    configure("rollout: {bake: {time: " + time + ", records: 0}}\n");
    auto host = start("s0");
    replace(2);
    host->until(Wanted{2, 1});
    (*host)->taken(2);
    return host;
  }
  // The host of shard a is killed while release 2 is on trial there.
  void go_down_in_a_trial() {
    test::Pipe ready;
    const pid_t child = ::fork();
    if (child == 0) {
      auto host = start("a");
      replace(2);
      host->until(Wanted{2, 1});
      test::write_all(ready.out.get(), "x");
      for (;;) ::pause();
    }
    char byte;
    ASSERT_EQ(::read(ready.in.get(), &byte, 1), 1);
    ASSERT_EQ(::kill(child, SIGKILL), 0);
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    ASSERT_TRUE(state().trial);
  }
};

// Root may read any folder. It is nobody while this lives, and the folder is nobody's from then on.
class AsNobody {
 public:
  explicit AsNobody(const fs::path& folder) {
    if (!is_root_) return;
    constexpr uid_t nobody = 65'534;
    constexpr auto same_group = static_cast<gid_t>(-1);
    is_possible_ = ::chown(folder.c_str(), nobody, same_group) == 0;
    for (const auto& entry : fs::recursive_directory_iterator(folder))
      is_possible_ = is_possible_ && ::chown(entry.path().c_str(), nobody, same_group) == 0;
    is_possible_ = is_possible_ && ::seteuid(nobody) == 0;
    std::error_code hidden;
    is_possible_ = is_possible_ && fs::exists(folder, hidden);
  }
  ~AsNobody() {
    if (is_root_ && ::seteuid(0) != 0) std::abort();
  }
  AsNobody(const AsNobody&) = delete;
  AsNobody& operator=(const AsNobody&) = delete;

  bool is_possible() const { return is_possible_; }

 private:
  const bool is_root_ = ::geteuid() == 0;
  bool is_possible_ = true;
};

TEST_F(RunReleases, TheFirstIsTheConfiguredFile) {
  auto host = start("s0");
  EXPECT_EQ(host->wanted(), (Wanted{1, 0}));
  EXPECT_EQ(state().current, 0u) << "nothing has initialized it";
  (*host)->taken(1);
  EXPECT_EQ(state().current, 1u);
  EXPECT_THAT(history(), testing::ElementsAre(What::staged, What::first));
  const auto parts = (*host)->parts(1);
  ASSERT_TRUE(parts) << parts.error();
  EXPECT_EQ(test::contents(parts->staged_path), version(1));
  EXPECT_EQ(parts->plugin_path, dir / "plugins/p.so");
  EXPECT_EQ(parts->config_json, "{}");
}

TEST_F(RunReleases, WithoutAnyReleaseTheFileAtFaultIsNamed) {
  fs::remove(dir / "plugins/p.so");
  test::OneHost host(dir / "k.yaml", "");
  EXPECT_THAT(host.open, HasSubstr("p.so can't be found"));
  put(1);
  test::put_file(dir / "state", "in the way");
  fs::remove_all(dir / "state");
  test::put_file(dir / "state", "in the way");
  test::OneHost second(dir / "k.yaml", "");
  EXPECT_THAT(second.open, HasSubstr("state"));
}

TEST_F(RunReleases, WhatRunsGoesOnWithoutItsFile) {
  proven();
  fs::remove(dir / "plugins/p.so");
  auto host = start("s0");
  EXPECT_EQ(host->wanted(), (Wanted{1, 0}));
  EXPECT_EQ(host->said("release 1 goes on"), 1u);
  EXPECT_EQ(test::contents((*host)->parts(1)->staged_path), version(1));
}

TEST_F(RunReleases, ANewHostDoesNotMixVersions) {
  proven();
  auto first = start("s0");
  configure("rollout: {steps: [1, 100%]}\n");
  put(2);
  auto second = start("s1");
  EXPECT_EQ(second->wanted(), (Wanted{1, 0})) << "s0 is the canary";
  first->until(Wanted{2, 1});
}

TEST_F(RunReleases, AReplacedFileIsTakenUp) {
  proven();
  auto host = start("s0");
  replace(2);
  host->until(Wanted{2, 1});
  EXPECT_EQ(test::contents((*host)->parts(2)->staged_path), version(2));
  (*host)->taken(2);
  EXPECT_THAT(history(), Contains(What::took));
}

TEST_F(RunReleases, AConfigurationThatChangesWhileAHostStartsIsTakenUp) {
  proven();
  test::put_file(dir / "plugins/other.so", version(2), 0755);
  test::OneHost host(dir / "k.yaml", "s0", [&] { configure("", "{path: other.so}"); });
  ASSERT_EQ(host.open, "");
  host.until(Wanted{2, 1});
}

TEST_F(RunReleases, ACopyIsTakenUpWhenItIsWhole) {
  proven();
  auto host = start("s0");
  const std::string bytes = version(2);
  Fd file(::open((dir / "plugins/p.so").c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC));
  test::write_all(file.get(), std::string_view(bytes).substr(0, bytes.size() / 2));
  EXPECT_FALSE((*host)->look()) << "half of it is there";
  EXPECT_EQ(host->said("still being written"), 1u);
  test::write_all(file.get(), std::string_view(bytes).substr(bytes.size() / 2));
  file.reset();
  host->until(Wanted{2, 1});
  EXPECT_EQ(test::contents((*host)->parts(2)->staged_path), bytes);
}

TEST_F(RunReleases, ACopyThatWasCutShortIsSaidOnceAndNeverLoaded) {
  proven();
  auto host = start("s0");
  const std::string bytes = version(2);
  test::put_file(dir / "plugins/p.so", std::string_view(bytes).substr(0, bytes.size() / 2), 0755);
  host->until([&] { return host->said("truncated ELF file") == 1; });
  for (int i = 0; i < 3; ++i) EXPECT_FALSE((*host)->look());
  EXPECT_EQ(host->said("truncated ELF file"), 1u);
  EXPECT_EQ(host->wanted(), (Wanted{1, 0}));
  put(2);
  host->until(Wanted{2, 1});
}

TEST_F(RunReleases, ASwitchedLinkIsTakenUpAsKubernetesDoesIt) {
  for (const int number : {1, 2}) {
    const fs::path version_dir = dir / ("plugins/.." + std::to_string(number));
    fs::create_directories(version_dir);
    test::put_file(version_dir / "p.so", version(number), 0755);
  }
  fs::create_directory_symlink("..1", dir / "plugins/..data");
  fs::remove(dir / "plugins/p.so");
  fs::create_symlink("..data/p.so", dir / "plugins/p.so");
  proven();
  auto host = start("s0");
  for (const int number : {2, 1, 2}) {
    fs::create_directory_symlink(".." + std::to_string(number), dir / "plugins/..tmp");
    fs::rename(dir / "plugins/..tmp", dir / "plugins/..data");
    host->until(number == 2 ? Wanted{2, 1} : Wanted{1, 0});
  }
}

TEST_F(RunReleases, ALibraryThatWasMissingIsTakenUp) {
  proven();
  fs::copy(KCLHOST_TEST_PLUGINS "/shipped", dir / "plugins", fs::copy_options::recursive);
  const fs::path far = dir / "plugins/lib/libfar.so";
  fs::rename(far, dir / "libfar.so");
  auto host = start("s0");
  configure("", "{path: home/shipped_teller.so}");
  host->until(Wanted{2, 1});
  (*host)->refused(2, "libfar.so: cannot open shared object file");
  EXPECT_EQ(host->wanted(), (Wanted{1, 0}));
  fs::rename(dir / "libfar.so", far);
  host->until(Wanted{3, 1});
}

TEST_F(RunReleases, ALibraryThatIsCutShortIsTakenUpWhenItIsWhole) {
  proven();
  fs::copy(KCLHOST_TEST_PLUGINS "/shipped", dir / "plugins", fs::copy_options::recursive);
  const fs::path far = dir / "plugins/lib/libfar.so";
  const std::string bytes = test::contents(far);
  test::put_file(far, std::string_view(bytes).substr(0, bytes.size() / 2), 0755);
  auto host = start("s0");
  configure("", "{path: home/shipped_teller.so}");
  host->until([&] { return host->said("truncated ELF file") == 1; });
  test::put_file(far, bytes, 0755);
  host->until(Wanted{2, 1});
}

TEST_F(RunReleases, AFolderThatIsReplacedIsTakenUp) {
  proven();
  auto host = start("s0");
  fs::create_directories(dir / "other");
  test::put_file(dir / "other/p.so", version(2), 0755);
  fs::rename(dir / "plugins", dir / "old");
  fs::rename(dir / "other", dir / "plugins");
  host->until(Wanted{2, 1});
}

TEST_F(RunReleases, ACandidateThatIsTakenAwayWhileItWaitsIsNotTried) {
  proven();
  auto host = start("s0");
  std::string why;
  Fd lock = store().lock(0ms, why);
  ASSERT_TRUE(lock) << why;
  replace(2);
  (*host)->look();
  replace(1);
  (*host)->look();
  lock.reset();
  host->until([&] { return state().trial.has_value() || (*host)->deadline() == Clock::time_point::max(); });
  EXPECT_THAT(history(), Not(Contains(What::trial)));
}

// Release 1 runs, and nobody may list the folder that its plugin lies in.
class RunReleasesUnwatched : public RunReleases {
 protected:
  void SetUp() override {
    RunReleases::SetUp();
    nobody.emplace(dir.path());
    if (!nobody->is_possible()) GTEST_SKIP() << "nobody may not come here";
    proven();
    ASSERT_EQ(::chmod(plugins.c_str(), 0311), 0);
  }
  void replace_unwatched() {
    test::put_file(plugins / "new", release_2, 0755);
    fs::rename(plugins / "new", plugins / "p.so");
  }

  const fs::path plugins = dir / "plugins";
  const std::string release_2 = version(2);  // who is nobody can't read it
  std::optional<AsNobody> nobody;
};

TEST_F(RunReleasesUnwatched, AFolderThatCanNotBeWatchedIsLookedIntoNowAndThen) {
  auto host = start("s0");
  (*host)->look();
  EXPECT_EQ(host->said(plugins.string() + " can't be watched: Permission denied; kclhost looks for a new release"), 1u);
  EXPECT_NE((*host)->deadline(), Clock::time_point::max());
  ASSERT_EQ(::chmod(plugins.c_str(), 0755), 0);
  (*host)->look();
  host->until([&] { return (*host)->deadline() == Clock::time_point::max(); });
}

TEST_F(RunReleasesUnwatched, WhatCameBeforeItsFolderWasWatchedIsTakenUp) {
  auto host = start("s0");
  replace_unwatched();
  ASSERT_EQ(::chmod(plugins.c_str(), 0755), 0);
  // Something else makes the host see that it may watch the folder now.
  ASSERT_EQ(store().write(state()), "");
  (*host)->on_readable();
  ASSERT_LE((*host)->deadline(), Clock::now());
  host->until(Wanted{2, 1});
}

TEST_F(RunReleasesUnwatched, AHostThatPollsTheStateTakesAFreePlace) {
  auto host = start("s0");
  replace_unwatched();
  {
    test::OneHost other(dir / "k.yaml", "");
    ASSERT_EQ(other.open, "");
  }
  rollout::State without = state();
  ASSERT_TRUE(without.trial);
  without.trial->shards.clear();
  ASSERT_EQ(store().write(without), "");
  steady_clock_set_by += 10;
  (*host)->on_time();
  EXPECT_EQ(host->wanted(), (Wanted{2, 1}));
}

TEST_F(RunReleases, AStateThatCanNotBeReadIsReadAgain) {
  proven();
  auto host = start("s0");
  const rollout::State good = state();
  test::put_file(store().state_file(), "{");
  (*host)->on_readable();
  EXPECT_EQ(host->said("what becomes of a release waits for that"), 1u);
  EXPECT_NE((*host)->deadline(), Clock::time_point::max());
  ASSERT_EQ(store().write(good), "");
  steady_clock_set_by += 1;
  (*host)->on_time();
  EXPECT_EQ(host->wanted(), (Wanted{1, 0}));
  EXPECT_EQ((*host)->deadline(), Clock::time_point::max());
}

TEST_F(RunReleases, WhenTheStateIsRemovedTheConfiguredFileIsTheFirstReleaseAgain) {
  proven();
  auto host = start("s0");
  test::put_file(store().state_file(), "{");
  (*host)->on_readable();
  fs::remove(store().state_file());
  steady_clock_set_by += 1;
  host->until([&] { return state().candidate == 1; });
  EXPECT_EQ(host->wanted(), (Wanted{1, 0}));
}

TEST_F(RunReleases, WhoTakesAReleaseUpAfterItsTrialSaysSoOnce) {
  proven();
  configure("rollout: {steps: [1], bake: {time: 0s, records: 1}}\n");
  auto canary = start("s0"), other = start("s1");
  (*canary)->taken(1);
  (*other)->taken(1);
  replace(2);
  canary->until(Wanted{2, 1});
  (*canary)->taken(2);
  (*canary)->called(2, 1, 1ms, true, 0);
  other->until(Wanted{2, 0});
  for (int instance = 0; instance < 2; ++instance) (*other)->taken(2);
  for (auto* const host : {&canary, &other}) {
    EXPECT_EQ((*host)->said("release 2 has taken the shard over"), 1u);
    EXPECT_EQ((**host)->swaps(), (Swaps{.taken = 1, .refused = 0, .undone = 0}));
  }
  EXPECT_EQ(other->said("release 1"), 0u) << "what a host comes up with is no change";
}

TEST_F(RunReleases, EachChangeThatComesToNothingIsCountedOnce) {
  proven();
  auto host = start("s0");
  (*host)->taken(1);
  fs::remove(dir / "plugins/p.so");
  for (int looks = 0; looks < 2; ++looks) (*host)->look();
  EXPECT_EQ((*host)->swaps(), (Swaps{.taken = 0, .refused = 1, .undone = 0}));
  for (int times = 0; times < 2; ++times) {
    replace(2);
    (*host)->look();
    (*host)->refused(2, "it is no good");
  }
  EXPECT_EQ((*host)->swaps(), (Swaps{.taken = 0, .refused = 2, .undone = 0}));
  replace(3);
  (*host)->look();
  (*host)->taken(3);
  (*host)->undone(3, "it fails");
  (*host)->taken(1);
  EXPECT_EQ((*host)->swaps(), (Swaps{.taken = 2, .refused = 2, .undone = 1}));
}

TEST_F(RunReleases, AnotherConfigurationOfThePluginIsAnotherRelease) {
  proven();
  auto host = start("s0");
  configure("", "{path: p.so, config: {a: 1}}");
  host->until(Wanted{2, 1});
  EXPECT_EQ((*host)->parts(2)->config_json, "{\"a\":1}");
  EXPECT_EQ((*host)->parts(1)->config_json, "{}") << "going back, the plugin gets what it had";
}

TEST_F(RunReleases, AConfigurationWithAMistakeChangesNothing) {
  proven();
  auto host = start("s0");
  configure("rollout: {steps: 7}\n", "{path: p.so, config: {a: 1}}");
  host->until([&] { return host->said("rollout.steps") == 1; });
  EXPECT_FALSE((*host)->look());
  EXPECT_EQ(host->said("rollout.steps"), 1u);
  EXPECT_EQ(host->wanted(), (Wanted{1, 0}));
}

TEST_F(RunReleases, WhatNeedsNewHostsIsSaid) {
  proven();
  auto host = start("s0");
  configure("concurrency: 2\n");
  host->until([&] { return host->said("takes effect when hosts start anew") == 1; });
  (*host)->look();
  EXPECT_EQ(host->said("takes effect when hosts start anew"), 1u);
}

TEST_F(RunReleases, ASettingOnAnotherLineIsNoOtherSetting) {
  configure("worker: {user: nobody}\n");
  proven();
  auto host = start("s0");
  configure("# whose process it is\nworker: {user: nobody}\n");
  (*host)->look();
  EXPECT_EQ(host->said("takes effect when hosts start anew"), 0u);
}

TEST_F(RunReleases, AHostThatIsIdleHasNothingToDo) {
  proven();
  auto host = start("s0");
  EXPECT_EQ((*host)->deadline(), Clock::time_point::max());
  (*host)->called(1, 10, 1ms, true, 1);
  EXPECT_EQ((*host)->deadline(), Clock::time_point::max());
}

TEST_F(RunReleases, OnlyTheCanaryHasItAndOneFailureUndoesIt) {
  proven();
  configure("rollout: {steps: [1, 100%]}\n");
  auto a = start("a"), b = start("b"), c = start("c");
  replace(2);
  a->until(Wanted{2, 1});
  (*a)->taken(2);
  for (auto* const other : {&b, &c}) {
    (*other)->until([&] { return (*(*other))->look(), state().trial.has_value(); });
    EXPECT_EQ((*other)->wanted(), (Wanted{1, 0}));
  }
  (*a)->called(2, 5, 1ms, false, 0);
  (*a)->called(1, 5, 1ms, true, 0);
  (*a)->undone(2, "record 7: bad");
  EXPECT_EQ(a->wanted(), (Wanted{1, 0}));
  EXPECT_EQ(a->said("release 2 is undone"), 1u);
  EXPECT_EQ(state().history.back().why, "a: record 7: bad");
  b->until([&] { return !(*b)->look() && b->said("is not tried again") == 1; });
  EXPECT_EQ(b->wanted(), (Wanted{1, 0}));
  replace(3);
  a->until(Wanted{3, 1});
}

TEST_F(RunReleases, WhatCouldNotTakeOverIsNotTriedByOthers) {
  proven();
  auto a = start("a"), b = start("b");
  replace(2);
  a->until(Wanted{2, 1});
  b->until(Wanted{2, 1});
  (*a)->refused(2, "initialize failed");
  EXPECT_EQ(a->wanted(), (Wanted{1, 0}));
  b->until(Wanted{1, 0});
  (*b)->refused(2, "initialize failed");
  EXPECT_EQ(b->said("could not take over"), 0u) << "one line, one count";
  (*a)->look();
  EXPECT_EQ(a->wanted(), (Wanted{1, 0}));
  EXPECT_EQ(state().history.back().what, What::refused);
}

TEST_F(RunReleases, ATrialIsConfirmedOnceItHasBaked) {
  configure("rollout: {steps: [1, 100%], bake: {time: 1ms, records: 10}}\n");
  proven();
  auto a = start("a"), b = start("b");
  replace(2);
  a->until(Wanted{2, 1});
  (*a)->taken(2);
  EXPECT_EQ(b->wanted(), (Wanted{1, 0}));
  (*a)->called(2, 10, 1ms, true, 0);
  b->until([&] { return a->turn(10ms), b->turn(10ms), b->wanted() == Wanted{2, 1}; });
  (*b)->taken(2);
  (*b)->called(2, 10, 1ms, true, 0);
  b->until([&] { return a->turn(10ms), b->turn(10ms), b->wanted() == Wanted{2, 0}; });
  a->until(Wanted{2, 0});
  EXPECT_EQ(state().current, 2u);
  EXPECT_EQ(history().back(), What::confirmed);
}

TEST_F(RunReleases, AShorterBakeCountsForTheTrialThatGoesOn) {
  auto host = start_trial("1h");
  configure("rollout: {bake: {time: 200ms, records: 0}}\n");
  host->until(Wanted{2, 0});
  EXPECT_EQ(state().history.back().what, What::confirmed);
}

TEST_F(RunReleases, AWallClockThatIsSetBackMakesAStepLongerNotEndless) {
  auto host = start_trial("300ms");
  wall_clock_set_by = -1;
  host->until(Wanted{2, 0});
  wall_clock_set_by = 0;
  EXPECT_EQ(state().history.back().what, What::confirmed);
}

TEST_F(RunReleases, AStepWhoseTimePassesWhileTheStateIsWrittenIsOver) {
  proven();
  configure("rollout: {bake: {time: 1h, records: 0}}\n");
  auto host = start("s0");
  replace(2);
  host->until(Wanted{2, 1});
  a_write_takes = 3600;
  (*host)->taken(2);
  a_write_takes = 0;
  EXPECT_EQ(host->wanted(), (Wanted{2, 1}));
  (*host)->on_time();
  EXPECT_EQ(host->wanted(), (Wanted{2, 0}));
  wall_clock_set_by = 0;
}

TEST_F(RunReleases, ThePlaceOfAHostThatIsGoneIsTakenOverAfterTheStepsTimeToo) {
  configure("rollout: {steps: [1, 100%], bake: {time: 1ms, records: 10}}\n");
  proven();
  auto a = start("a"), b = start("b");
  replace(2);
  a->until(Wanted{2, 1});
  (*b)->on_readable();
  b->until([&] { return (*b)->deadline() > Clock::now() + 1s; });
  EXPECT_EQ(b->wanted(), (Wanted{1, 0}));
  // It is as when it was killed: nothing tells of it.
  fs::remove(store().reports() / "a");
  steady_clock_set_by += 10;
  (*b)->on_time();
  EXPECT_EQ(b->wanted(), (Wanted{2, 1}));
}

TEST_F(RunReleases, AnUndoingThatWaitsForTheLockIsMadeAtTheEnd) {
  auto host = start_trial("1h");
  std::string why;
  Fd lock = store().lock(0ms, why);
  ASSERT_TRUE(lock) << why;
  (*host)->undone(2, "bad record");
  ASSERT_TRUE(state().trial);
  lock.reset();
  host->end();
  EXPECT_FALSE(state().trial);
  EXPECT_EQ(state().history.back().what, What::undone);
  EXPECT_EQ(state().history.back().why, "s0: bad record");
}

TEST_F(RunReleases, AnUndoingThatTheDiskDoesNotTakeIsMadeAtTheNextStart) {
  auto host = start_trial("1h");
  const fs::path draft = store().state_file().string() + ".new";
  fs::create_directory(draft);  // as a full disk, but for the line
  (*host)->undone(2, "bad record");
  host->end();
  ASSERT_TRUE(state().trial);
  fs::remove(draft);
  host = start("s0");
  EXPECT_EQ(host->wanted(), (Wanted{1, 0}));
  EXPECT_FALSE(state().trial);
}

TEST_F(RunReleases, AReportThatCouldNotBeWrittenIsWrittenAgain) {
  auto host = start_trial("1h");
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    rlimit before{};
    ::getrlimit(RLIMIT_FSIZE, &before);
    const rlimit none{0, before.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &none);
    steady_clock_set_by += 1;
    (*host)->called(2, 7, 1ms, true, 0);
    ::setrlimit(RLIMIT_FSIZE, &before);
    steady_clock_set_by += 1;
    (*host)->on_time();
    const auto live = store::read_reports(store().reports()).live;
    ::_exit(live.size() == 1 && live.front().step_records == 7 ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST_F(RunReleases, ACrashCountsUnlessTheRecordsAreToBlame) {
  proven();
  auto host = start("a");
  replace(2);
  host->until(Wanted{2, 1});
  (*host)->died(2, false);
  EXPECT_EQ(host->wanted(), (Wanted{2, 1})) << "it has not taken the shard yet: the shard says why";
  (*host)->taken(2);
  (*host)->died(2, true);
  (*host)->died(1, true);
  EXPECT_EQ(host->wanted(), (Wanted{2, 1})) << "the release before died of it as well";
  (*host)->died(2, false);
  EXPECT_EQ(host->wanted(), (Wanted{1, 0}));
  EXPECT_THAT(state().history.back().why, HasSubstr("no records in hand"));
}

TEST_F(RunReleases, AnOrderlyRestartGoesOnWithTheTrial) {
  proven();
  auto host = start("a");
  replace(2);
  host->until(Wanted{2, 1});
  host->end();
  test::OneHost again(dir / "k.yaml", "");
  ASSERT_EQ(again.open, "");
  EXPECT_EQ(again.wanted(), (Wanted{1, 0})) << "it starts with the release before";
  again->begin_shard("a");
  EXPECT_EQ(again.wanted(), (Wanted{2, 1}));
}

TEST_F(RunReleases, WhenTheMachineGoesDownTheTrialIsUndone) {
  proven();
  go_down_in_a_trial();
  auto a = start("a");
  EXPECT_EQ(a->wanted(), (Wanted{1, 0}));
  EXPECT_EQ(a->said("release 2 is undone"), 1u);
  auto b = start("b");
  EXPECT_EQ(b->said("release 2 is undone"), 0u);
  EXPECT_FALSE(state().trial);
  EXPECT_THAT(state().history.back().why, HasSubstr("went down"));
}

TEST_F(RunReleases, AMachineThatWentDownIsRememberedUntilTheDiskKnows) {
  proven();
  go_down_in_a_trial();
  const fs::path draft = store().state_file().string() + ".new";
  fs::create_directory(draft);  // as a full disk, but for the line
  auto a = start("a");
  EXPECT_EQ(a->wanted(), (Wanted{1, 0}));
  a->end();
  ASSERT_TRUE(state().trial);
  fs::remove(draft);
  a = start("a");
  EXPECT_EQ(a->wanted(), (Wanted{1, 0}));
  EXPECT_EQ(a->said("release 2 is undone"), 1u);
  EXPECT_FALSE(state().trial);
  EXPECT_THAT(state().history.back().why, HasSubstr("went down"));
  EXPECT_THAT(store::read_reports(store().reports()).dead, testing::IsEmpty());
}

TEST_F(RunReleases, AHostThatWasKilledBeforeTheTrialUndoesNothing) {
  proven();
  auto host = start("a");
  replace(2);
  host->until(Wanted{2, 1});
  host->end();
  const rollout::Report of_killed{.shard = "b", .pid = 1, .runs = 1};
  auto left = store::ReportFile::open(store().reports(), of_killed);
  ASSERT_TRUE(left) << left.error();
  left->leave();
  ASSERT_EQ(store::read_reports(store().reports()).dead.size(), 1u);
  host = start("a");
  EXPECT_EQ(host->wanted(), (Wanted{2, 1}));
  EXPECT_THAT(store::read_reports(store().reports()).dead, testing::IsEmpty()) << "nobody needs it";
}

TEST_F(RunReleases, AnEndingCanaryGivesItsPlaceAway) {
  configure("rollout: {steps: [1, 100%]}\n");
  proven();
  auto a = start("a"), b = start("b");
  replace(2);
  a->until(Wanted{2, 1});
  a->end();
  b->until(Wanted{2, 1});
}

TEST_F(RunReleases, ATouchMakesEveryHostLook) {
  proven();
  auto host = start("a");
  ::chmod((dir / "plugins").c_str(), 0755);
  configure("", "{path: other/q.so}");
  fs::create_directories(dir / "plugins/other");
  test::put_file(dir / "plugins/other/q.so", version(2), 0755);
  EXPECT_EQ(store().ask_to_look(), "");
  host->until(Wanted{2, 1});
}

TEST_F(RunReleases, FilesThatAreGoneAreMadeAnew) {
  proven();
  auto host = start("a");
  const fs::path staged = (*host)->parts(1)->staged_path;
  fs::remove_all(dir / "state/releases/1");
  const auto again = (*host)->parts(1);
  ASSERT_TRUE(again) << again.error();
  EXPECT_EQ(again->staged_path, staged);
  EXPECT_EQ(test::contents(staged), version(1));
  fs::remove_all(dir / "state/releases/1");
  put(2);
  const auto gone = (*host)->parts(1);
  ASSERT_FALSE(gone);
  EXPECT_THAT(gone.error(), HasSubstr("another version"));
}

// Somebody has removed the folders, and another application has used the number since.
TEST_F(RunReleases, AnotherApplicationsReleaseIsNeitherRunNorReplaced) {
  proven();
  fs::remove_all(dir / "state/releases/1");
  replace(2);
  test::put_file(dir / "other.yaml",
                 "version: 1\nplugin: {path: p.so}\nstate_dir: state\n"
                 "daemon: {properties: {applicationName: other}}\n");
  test::OneHost other(dir / "other.yaml", "s0");
  ASSERT_EQ(other.open, "");
  ASSERT_EQ(other.wanted(), (Wanted{1, 0}));

  replace(1);
  test::OneHost host(dir / "k.yaml", "a");
  EXPECT_THAT(host.open, HasSubstr("is another application's"));
  EXPECT_EQ(test::contents(other->parts(1)->staged_path), version(2));
}

TEST_F(RunReleases, WhatTheSystemRefusesSaysNothingOfTheRelease) {
  auto host = start("s0");
  const fs::path staged = (*host)->parts(1)->staged_path;
  fs::remove(staged);

  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const rlimit none{0, before.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &none);
  bool may_pass = false;
  const auto without_descriptors = (*host)->parts(1, &may_pass);
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_FALSE(without_descriptors);
  EXPECT_TRUE(may_pass);

  may_pass = false;
  std::string why;
  auto lock = store().lock(std::chrono::seconds{1}, why);
  ASSERT_TRUE(lock) << why;
  const auto without_lock = (*host)->parts(1, &may_pass);
  lock.reset();
  EXPECT_FALSE(without_lock);
  EXPECT_TRUE(may_pass);

  replace(2);
  EXPECT_FALSE((*host)->parts(1, &may_pass)) << "the staged copy is gone, and the file is another one now";
  EXPECT_FALSE(may_pass);
}

TEST_F(RunReleases, ADiskThatIsFullKeepsTheOldOneWithOneLineUntilItHasRoom) {
  proven();
  auto host = start("a");
  replace(2);
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    rlimit before{};
    ::getrlimit(RLIMIT_FSIZE, &before);
    const rlimit small{8192, before.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &small);
    for (int i = 0; i < 3; ++i) (*host)->look();
    const bool once = host->said("can't stage the plugin") == 1 && (*host)->swaps().refused == 1;
    if (host->wanted() != Wanted{1, 0} || !once) ::_exit(1);
    ::setrlimit(RLIMIT_FSIZE, &before);
    steady_clock_set_by += 60;
    host->until(Wanted{2, 1});
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST_F(RunReleases, WhatIsUndoneStaysSoWhileTheStateCanNotBeWritten) {
  proven();
  auto host = start("s0");
  (*host)->taken(1);
  replace(2);
  host->until(Wanted{2, 1});
  (*host)->taken(2);
  const fs::path draft = store().state_file().string() + ".new";
  fs::create_directory(draft);  // as a full disk, but for the line
  (*host)->undone(2, "bad record");
  EXPECT_EQ(host->wanted(), (Wanted{1, 0}));
  // Somebody has the state read again.
  (*host)->refused(7, "another one");
  EXPECT_EQ(host->wanted(), (Wanted{1, 0}));
  EXPECT_TRUE(state().trial);
  fs::remove(draft);
  host->until([&] { return !state().trial.has_value(); });
  EXPECT_EQ(host->wanted(), (Wanted{1, 0}));
  EXPECT_EQ(state().history.back().what, What::undone);
  EXPECT_EQ(state().history.back().why, "s0: bad record");
  EXPECT_EQ(host->said("release 2 is undone"), 1u);
}

TEST_F(RunReleases, ManyHostsAtOnceStageOnce) {
  std::vector<pid_t> hosts;
  for (int i = 0; i < 8; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      test::OneHost host(dir / "k.yaml", "s" + std::to_string(i));
      if (!host.open.empty() || host.wanted() != Wanted{1, 0}) ::_exit(1);
      host->taken(1);
      ::_exit(0);
    }
    hosts.push_back(child);
  }
  for (const pid_t host : hosts) {
    int status = 0;
    ASSERT_EQ(::waitpid(host, &status, 0), host);
    EXPECT_EQ(status, 0);
  }
  EXPECT_THAT(history(), testing::ElementsAre(What::staged, What::first));
  EXPECT_EQ(store().all().size(), 1u);
}

TEST_F(RunReleases, OldOnesGo) {
  configure("rollout: {keep: 2}\n");
  proven();
  auto host = start("a");
  for (int i = 2; i <= 6; ++i) {
    replace(i);
    host->until(Wanted{static_cast<rollout::Release>(i), 1});
  }
  std::vector<rollout::Release> left;
  for (const store::ReleaseInfo& info : store().all()) left.push_back(info.number);
  EXPECT_THAT(left, testing::ElementsAre(1u, 5u, 6u)) << "the current one stays";
}

// A host may live for as many releases as its daemon does.
TEST_F(RunReleases, WhatWasAskedForLongAgoIsForgotten) {
  proven();
  auto host = start("a");
  const std::string first = (*host)->parts(1)->sha256;
  for (int i = 2; i <= 8; ++i) {
    replace(i);
    host->until(Wanted{static_cast<rollout::Release>(i), 1});
    ASSERT_TRUE((*host)->parts(static_cast<rollout::Release>(i)));
  }
  EXPECT_EQ((*host)->sha256(1), first) << "it gives the second opinion";
  EXPECT_EQ((*host)->sha256(8).size(), 64u);
  EXPECT_EQ((*host)->sha256(2), "");
}

TEST_F(RunReleases, AReplayHasNoneOfIt) {
  proven();
  put(2);
  ::setenv(observe::replay_variable, "/dev/null", 1);
  auto host = start("a");
  ::unsetenv(observe::replay_variable);
  EXPECT_EQ(host->wanted(), (Wanted{2, 0}));
  EXPECT_EQ(test::contents((*host)->parts(2)->staged_path), version(2));
  (*host)->taken(2);
  (*host)->undone(2, "why");
  EXPECT_EQ((*host)->fd(), -1);
  EXPECT_EQ((*host)->deadline(), Clock::time_point::max());
  EXPECT_FALSE(state().trial);
  EXPECT_EQ(state().current, 1u) << "the application's is untouched";
  put(3);
  EXPECT_TRUE((*host)->look());
  EXPECT_EQ(host->wanted(), (Wanted{3, 0}));
}

}  // namespace
}  // namespace kclhost::host::run
