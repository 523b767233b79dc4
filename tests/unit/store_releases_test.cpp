// Releases on the disk.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "core_fixtures.hpp"
#include "flock_on_nfs.hpp"
#include "store/release_reports.hpp"
#include "store/release_store.hpp"

namespace {
thread_local bool is_killed_at_rename = false;
}  // namespace

// In front of the C library's.
extern "C" int rename(const char* from, const char* to) noexcept {
  if (is_killed_at_rename) ::_exit(0);
  return ::renameat(AT_FDCWD, from, AT_FDCWD, to);
}

namespace kclhost::host::store {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ReleasesOnDisk : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(store.make_folder(), ""); }

  Candidate candidate(const std::string& config_json = "{}") {
    Result<plugin::File> file = plugin::read_file(fs::canonical(KCLHOST_TEST_PLUGINS "/teller.so"));
    EXPECT_TRUE(file) << file.error();
    std::string content = content_of(*file, {}, config_json);
    return {std::move(*file), {}, config_json, std::move(content)};
  }
  ReleaseInfo staged(const std::string& config_json = "{}") {
    bool made = false;
    const auto info = store.stage(candidate(config_json), 0, 17, made);
    EXPECT_TRUE(info) << info.error();
    return info ? *info : ReleaseInfo();
  }
  fs::path file_of(const ReleaseInfo& info) {
    const auto path = store.verified(info);
    EXPECT_TRUE(path) << path.error();
    return path ? *path : fs::path();
  }
  std::vector<rollout::Release> numbers() {
    std::vector<rollout::Release> all;
    for (const ReleaseInfo& info : store.all()) all.push_back(info.number);
    return all;
  }

  test::TempDir dir;
  ReleaseStore store{dir.path(), "app"};
};

TEST_F(ReleasesOnDisk, AreNumberedByContent) {
  bool made = false;
  const auto first = store.stage(candidate(), 0, 17, made);
  ASSERT_TRUE(first) << first.error();
  EXPECT_TRUE(made);
  EXPECT_EQ(first->number, 1u);
  const auto again = store.stage(candidate(), 0, 18, made);
  ASSERT_TRUE(again) << again.error();
  EXPECT_FALSE(made);
  EXPECT_EQ(again->number, 1u);
  EXPECT_EQ(again->created, 17);
  EXPECT_EQ(staged("{\"a\":1}").number, 2u) << "another configuration is another release";
  ReleaseStore other(dir.path(), "other");
  const auto others = other.stage(candidate(), 0, 17, made);
  ASSERT_TRUE(others) << others.error();
  EXPECT_EQ(others->number, 3u) << "each application has its own, and no number twice";
  EXPECT_THAT(numbers(), ElementsAre(1u, 2u));
}

TEST_F(ReleasesOnDisk, NoNumberIsUsedAgain) {
  bool made = false;
  const auto info = store.stage(candidate(), 7, 17, made);
  ASSERT_TRUE(info) << info.error();
  EXPECT_EQ(info->number, 8u);
}

TEST_F(ReleasesOnDisk, KnowWhatTheyAreMadeOf) {
  const ReleaseInfo info = staged("{\"words\":[\"a\"]}");
  const auto read = store.info(info.number);
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(read->application, "app");
  EXPECT_EQ(read->content, info.content);
  EXPECT_EQ(read->config_json, "{\"words\":[\"a\"]}");
  EXPECT_EQ(read->plugin_path, fs::canonical(KCLHOST_TEST_PLUGINS "/teller.so"));
  EXPECT_EQ(read->created, 17);
  EXPECT_EQ(test::contents(file_of(*read)), candidate().file.bytes);
}

TEST_F(ReleasesOnDisk, AFileThatIsNotWhatWasStagedIsNotLoaded) {
  const ReleaseInfo info = staged();
  const fs::path path = file_of(info);
  std::string damaged = test::contents(path);
  damaged[damaged.size() / 2] ^= 1;
  ASSERT_EQ(::chmod(path.c_str(), 0755), 0);
  test::put_file(path, damaged, 0555);
  EXPECT_THAT(store.verified(info).error(), HasSubstr("is damaged"));
  EXPECT_EQ(staged().number, info.number) << "mended, for the original is there";
  EXPECT_EQ(test::contents(file_of(info)), candidate().file.bytes);
  fs::remove(path);
  EXPECT_THAT(store.verified(info).error(), HasSubstr("is gone"));
  const auto restored = store.restore(info.number, candidate(), 18);
  ASSERT_TRUE(restored) << restored.error();
  EXPECT_EQ(restored->created, 17);
  EXPECT_EQ(test::contents(file_of(info)), candidate().file.bytes);
}

TEST_F(ReleasesOnDisk, AFileThatOthersMayWriteIsNotLoaded) {
  const ReleaseInfo info = staged();
  ASSERT_EQ(::chmod(file_of(info).c_str(), 0777), 0);
  EXPECT_THAT(store.verified(info).error(), HasSubstr("writable by its group or by others"));
}

TEST_F(ReleasesOnDisk, ADamagedDescriptionIsNoRelease) {
  const ReleaseInfo info = staged();
  const fs::path path = store.folder() / "1/release.json";
  const std::string good = test::contents(path);
  for (const std::string& text :
       {std::string(), good.substr(0, 20), std::string("[]"), std::string(R"({"number":1,"files":[]})"),
        std::string(R"({"number":1,"files":[{"path":"../../../etc/passwd","sha256":""}]})"),
        std::string(R"({"number":1,"files":[{"path":"/etc/passwd","sha256":""}]})"),
        std::string(R"({"number":2,"files":[{"path":"a","sha256":""}]})")}) {
    ASSERT_EQ(::chmod(path.c_str(), 0755), 0);
    test::put_file(path, text, 0555);
    EXPECT_FALSE(store.info(1)) << text;
  }
  EXPECT_EQ(staged().number, 2u);
}

TEST_F(ReleasesOnDisk, OldOnesGoUnlessTheyAreNeededOrInUse) {
  for (int i = 1; i <= 6; ++i) staged("{\"a\":" + std::to_string(i) + "}");
  Fd used = store.use(3);
  ASSERT_TRUE(used);
  store.prune(2, {1});
  EXPECT_THAT(numbers(), ElementsAre(1u, 3u, 5u, 6u));
  used.reset();
  store.prune(2, {1});
  EXPECT_THAT(numbers(), ElementsAre(1u, 5u, 6u));
  EXPECT_FALSE(store.use(3)) << "it is gone";
  EXPECT_FALSE(fs::exists(store.folder() / "3"));
}

TEST_F(ReleasesOnDisk, OldOnesGoOnNfs) {
  for (int i = 1; i <= 3; ++i) staged("{\"a\":" + std::to_string(i) + "}");
  const Fd used = store.use(2);
  ASSERT_TRUE(used);
  test::flock_is_as_on_nfs = true;
  store.prune(1, {});
  test::flock_is_as_on_nfs = false;
  EXPECT_THAT(numbers(), ElementsAre(2u, 3u));
}

TEST_F(ReleasesOnDisk, WhoIsKilledWhileOldOnesGoLeavesThemWhole) {
  for (int i = 1; i <= 2; ++i) staged("{\"a\":" + std::to_string(i) + "}");
  const pid_t child = ::fork();
  if (child == 0) {
    is_killed_at_rename = true;
    store.prune(1, {});
    ::_exit(1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  EXPECT_THAT(numbers(), ElementsAre(1u, 2u));
  store.prune(1, {});
  EXPECT_THAT(numbers(), ElementsAre(2u));
  EXPECT_FALSE(fs::exists(store.folder() / "1"));
}

TEST_F(ReleasesOnDisk, WhatAnUnfinishedProcessLeftGoes) {
  fs::create_directories(store.folder() / ".new/files");
  fs::create_directories(store.folder() / ".old/files");
  staged();
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(store.folder())) names.push_back(entry.path().filename());
  EXPECT_THAT(names, ElementsAre("1"));
}

TEST_F(ReleasesOnDisk, ADiskThatIsFullLeavesNothing) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit small{4096, 4096};
    ::setrlimit(RLIMIT_FSIZE, &small);
    bool made = false;
    const auto info = store.stage(candidate(), 0, 17, made);
    ::_exit(!info && info.error().starts_with("can't stage the plugin: ") && fs::is_empty(store.folder()) ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(staged().number, 1u);
}

TEST_F(ReleasesOnDisk, TheStateIsThereAsAWhole) {
  const auto none = store.state();
  ASSERT_TRUE(none) << none.error();
  EXPECT_EQ(none->current, 0u);
  rollout::State state = *none;
  state.current = 4;
  EXPECT_EQ(store.write(state), "");
  const auto read = store.state();
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(*read, state);
  test::put_file(store.state_file(), "{\"format\":1");
  const auto damaged = store.state();
  ASSERT_FALSE(damaged);
  EXPECT_THAT(damaged.error(), HasSubstr(store.state_file().string()));
  EXPECT_THAT(damaged.error(), HasSubstr("remove it"));
}

TEST_F(ReleasesOnDisk, OneAtATimeHasTheLock) {
  std::string why;
  Fd first = store.lock(0ms, why);
  ASSERT_TRUE(first) << why;
  EXPECT_FALSE(store.lock(10ms, why));
  EXPECT_EQ(why, "");
  first.reset();
  EXPECT_TRUE(store.lock(0ms, why)) << why;
  ReleaseStore nowhere("/dev/null", "app");
  EXPECT_FALSE(nowhere.lock(0ms, why));
  EXPECT_THAT(why, HasSubstr("/dev/null/releases/lock"));
}

TEST_F(ReleasesOnDisk, ManyProcessesStageOneRelease) {
  std::vector<pid_t> hosts;
  for (int i = 0; i < 8; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      std::string why;
      const Fd lock = store.lock(60s, why);
      bool made = false;
      const auto info = store.stage(candidate(), 0, 17, made);
      ::_exit(lock && info ? static_cast<int>(info->number) + (made ? 100 : 0) : 99);
    }
    hosts.push_back(child);
  }
  int makers = 0;
  for (const pid_t host : hosts) {
    int status = 0;
    ASSERT_EQ(::waitpid(host, &status, 0), host);
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status) % 100, 1);
    makers += WEXITSTATUS(status) / 100;
  }
  EXPECT_EQ(makers, 1);
}

// ---- The shards' reports

class ShardReports : public testing::Test {
 protected:
  rollout::Report report(const std::string& shard, int pid = 1) {
    rollout::Report one{.shard = shard, .pid = pid, .runs = 3};
    one.trial = 4;
    one.step = 1;
    one.step_records = 50;
    one.crashes = 1;
    one.failures = 2;
    one.blame = "it failed";
    one.tried = {.records = 1, .failures = 2, .crashes = 3, .nanoseconds = 4, .resident = 5};
    one.previous = {.records = 6};
    return one;
  }
  ReportFile open(const rollout::Report& first) {
    auto file = ReportFile::open(folder, first);
    if (!file) throw std::runtime_error(file.error());
    return std::move(*file);
  }

  test::TempDir dir;
  fs::path folder = dir / "reports";
};

TEST_F(ShardReports, AreThereWhileTheHostLives) {
  {
    ReportFile b = open(report("b")), a = open(report("a"));
    EXPECT_THAT(read_reports(folder).live, ElementsAre(report("a"), report("b")));
    rollout::Report later = report("b");
    later.step_records = 51;
    later.blame = std::string(10'000, 'x');
    EXPECT_EQ(b.write(later), "");
    later.blame.resize(511);
    EXPECT_THAT(read_reports(folder).live, ElementsAre(report("a"), later));
  }
  EXPECT_THAT(read_reports(folder).live, IsEmpty());
  EXPECT_THAT(read_reports(folder).dead, IsEmpty()) << "they ended in order";
}

TEST_F(ShardReports, OfAKilledHostAreLeft) {
  test::Pipe ready;
  const pid_t child = ::fork();
  if (child == 0) {
    const ReportFile file = open(report("a"));
    test::write_all(ready.out.get(), "x");
    for (;;) ::pause();
  }
  char byte;
  ASSERT_EQ(::read(ready.in.get(), &byte, 1), 1);
  EXPECT_EQ(read_reports(folder).live.size(), 1u);
  ASSERT_EQ(::kill(child, SIGKILL), 0);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  const Reports left = read_reports(folder);
  EXPECT_THAT(left.live, IsEmpty());
  ASSERT_EQ(left.dead.size(), 1u);
  EXPECT_EQ(left.dead.front().path, folder / "a");
  EXPECT_EQ(left.dead.front().trial, 4u);
  const ReportFile next = open(report("a", 2));
  EXPECT_THAT(read_reports(folder).live, ElementsAre(report("a", 2)));
  EXPECT_THAT(read_reports(folder).dead, IsEmpty());
}

TEST_F(ShardReports, OfTwoHostsOfOneShardOneCounts) {
  auto first = std::make_unique<ReportFile>(open(report("a", 1)));
  const ReportFile second = open(report("a", 2));
  EXPECT_THAT(read_reports(folder).live, ElementsAre(report("a", 2)));
  first.reset();
  EXPECT_THAT(read_reports(folder).live, ElementsAre(report("a", 2)));
}

TEST_F(ShardReports, WhatIsNoReportIsOverlooked) {
  EXPECT_THAT(read_reports(folder).live, IsEmpty()) << "no folder yet";
  const ReportFile file = open(report("a"));
  fs::create_directories(folder / "sub");
  test::put_file(folder / "notes", "text");
  fs::create_symlink("/etc/passwd", folder / "link");
  const Reports found = read_reports(folder);
  EXPECT_EQ(found.live.size(), 1u);
  ASSERT_EQ(found.dead.size(), 1u);
  EXPECT_EQ(found.dead.front().path, folder / "notes");
  EXPECT_EQ(found.dead.front().trial, 0u);
}

TEST_F(ShardReports, OfAHostThatBeginsIsNotDead) {
  const ReportFile file = open(report("a"));
  test::put_file(folder / "b", "");
  EXPECT_THAT(read_reports(folder).dead, IsEmpty()) << "it is not locked yet";
}

TEST_F(ShardReports, AreNeverReadInHalves) {
  ReportFile file = open(report("a"));
  std::atomic<bool> done = false;
  std::thread writer([&] {
    rollout::Report one = report("a");
    for (std::uint64_t i = 0; !done; ++i) {
      one.tried.records = one.previous.records = one.step_records = i;
      (void)file.write(one);
    }
  });
  for (int i = 0; i < 2'000; ++i) {
    for (const rollout::Report& one : read_reports(folder).live) {
      if (one.tried.records == 1) continue;  // the first
      ASSERT_EQ(one.tried.records, one.previous.records);
      ASSERT_EQ(one.tried.records, one.step_records);
    }
  }
  done = true;
  writer.join();
}

}  // namespace
}  // namespace kclhost::host::store
