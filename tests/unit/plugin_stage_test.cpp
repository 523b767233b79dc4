// Plugins' copies in state_dir.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>
#include <thread>
#include <vector>

#include "core_fixtures.hpp"
#include "plugin/file.hpp"

namespace kclhost::host::plugin {
namespace {

namespace fs = std::filesystem;

class Stage : public testing::Test {
 protected:
  void SetUp() override {
    Result<File> read = read_file(fs::canonical(KCLHOST_TEST_PLUGINS "/teller.so"));
    ASSERT_TRUE(read) << read.error();
    file = std::move(*read);
  }
  fs::path staged() {
    const Result<fs::path> path = stage(file, state);
    EXPECT_TRUE(path) << path.error();
    return path ? *path : fs::path();
  }
  mode_t mode(const fs::path& path) {
    struct stat status {};
    EXPECT_EQ(::stat(path.c_str(), &status), 0);
    return status.st_mode & 07777;
  }
  ino_t inode(const fs::path& path) {
    struct stat status {};
    EXPECT_EQ(::stat(path.c_str(), &status), 0);
    return status.st_ino;
  }

  test::TempDir dir;
  fs::path state = dir / "not/yet/there";
  File file;
};

TEST_F(Stage, CopiesUnderTheFilesHash) {
  const fs::path path = staged();
  EXPECT_EQ(path, state / "staged" / (file.sha256 + ".so"));
  EXPECT_EQ(test::contents(path), file.bytes);
  EXPECT_EQ(mode(path) & 022, 0u) << "somebody else could write it";
  EXPECT_EQ(mode(state / "staged") & 022, 0u);
}

TEST_F(Stage, OnceIsEnough) {
  const fs::path path = staged();
  const ino_t first = inode(path);
  EXPECT_EQ(staged(), path);
  EXPECT_EQ(inode(path), first) << "copied again, under the feet of running workers";
}

TEST_F(Stage, ManyHostsAtOnce) {
  std::vector<std::thread> hosts;
  for (int i = 0; i < 8; ++i) {
    hosts.emplace_back([this] {
      for (int round = 0; round < 20; ++round) {
        const Result<fs::path> path = stage(file, state);
        ASSERT_TRUE(path) << path.error();
        ASSERT_EQ(test::contents(*path), file.bytes);
      }
    });
  }
  for (std::thread& host : hosts) host.join();
  for (const auto& left : fs::directory_iterator(state / "staged")) {
    EXPECT_EQ(left.path().filename(), file.sha256 + ".so") << "left behind";
  }
}

TEST_F(Stage, AnUnfinishedCopyIsReplaced) {
  fs::create_directories(state / "staged");
  const fs::path path = state / "staged" / (file.sha256 + ".so");
  for (const std::string_view bytes : {std::string_view(), std::string_view(file.bytes).substr(0, 1000)}) {
    test::put_file(path, bytes);
    EXPECT_EQ(staged(), path);
    EXPECT_EQ(test::contents(path), file.bytes);
  }
}

TEST_F(Stage, ADamagedCopyOfTheSameSizeIsReplaced) {
  const fs::path path = staged();
  const ino_t first = inode(path);
  std::string damaged = file.bytes;
  damaged[damaged.size() / 2] ^= 1;
  ASSERT_EQ(::chmod(path.c_str(), 0755), 0);
  test::put_file(path, damaged);
  EXPECT_EQ(staged(), path);
  EXPECT_EQ(test::contents(path), file.bytes);
  EXPECT_NE(inode(path), first) << "running workers keep what they have mapped";
}

TEST_F(Stage, OldCopiesGo) {
  const fs::path folder = state / "staged";
  fs::create_directories(folder);
  std::vector<fs::path> old;
  for (int i = 0; i < 8; ++i) {
    const std::string hash(64, static_cast<char>('0' + i));
    old.push_back(folder / (hash + (i % 2 == 0 ? ".so" : ".d")));
    if (i % 2 == 0)
      test::put_file(old.back(), "old");
    else
      fs::create_directories(old.back() / "up");
    fs::last_write_time(old.back(), fs::file_time_type::clock::now() - std::chrono::hours(i + 1));
  }
  const fs::path unfinished = folder / (std::string(64, 'a') + ".so.abcdef"), foreign = folder / "notes.txt";
  for (const fs::path& path : {unfinished, foreign}) {
    test::put_file(path, "old");
    fs::last_write_time(path, fs::file_time_type::clock::now() - std::chrono::hours(24));
  }
  const fs::path path = staged();
  EXPECT_TRUE(fs::exists(path));
  for (int i = 0; i < 8; ++i) EXPECT_EQ(fs::exists(old[static_cast<std::size_t>(i)]), i < 4) << i;
  EXPECT_FALSE(fs::exists(unfinished));
  EXPECT_TRUE(fs::exists(foreign)) << "not ours";
}

TEST_F(Stage, TheFileAtFaultIsNamed) {
  const fs::path path = state / "staged" / (file.sha256 + ".so");
  fs::create_directories(path / "in the way");
  const Result<fs::path> failed = stage(file, state);
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().find(path.string() + ": "), std::string::npos) << failed.error();
}

TEST_F(Stage, ACopyThatOthersMayWriteIsReplaced) {
  const fs::path path = staged();
  const ino_t first = inode(path);
  ASSERT_EQ(::chmod(path.c_str(), 0666), 0);
  EXPECT_EQ(staged(), path);
  EXPECT_EQ(mode(path) & 022, 0u);
  EXPECT_NE(inode(path), first);
}

TEST_F(Stage, AFolderThatOthersMayWriteIsClosedToThem) {
  fs::create_directories(state / "staged");
  ASSERT_EQ(::chmod((state / "staged").c_str(), 0777), 0);
  staged();
  EXPECT_EQ(mode(state / "staged") & 022, 0u);
}

TEST_F(Stage, SomebodyElsesFolderIsRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give folders away";
  fs::create_directories(state / "staged");
  ASSERT_EQ(::chown((state / "staged").c_str(), 12345, 0), 0);
  const Result<fs::path> path = stage(file, state);
  ASSERT_FALSE(path);
  EXPECT_NE(path.error().find("belongs to another user"), std::string::npos) << path.error();
}

TEST_F(Stage, WhereNothingCanBeWritten) {
  for (const fs::path& place : {fs::path("/proc/kclhost-test"), fs::path("/dev/null/state")}) {
    const Result<fs::path> path = stage(file, place);
    ASSERT_FALSE(path);
    EXPECT_NE(path.error().find(place.string() + "/staged"), std::string::npos) << path.error();
    EXPECT_NE(path.error().find("state_dir must be writable"), std::string::npos) << path.error();
    EXPECT_EQ(path.error().find('\n'), std::string::npos) << path.error();
  }
  if (::geteuid() == 0) return;  // root may write where the mode says nobody can
  fs::create_directories(state);
  ASSERT_EQ(::chmod(state.c_str(), 0500), 0);
  EXPECT_FALSE(stage(file, state));
}

}  // namespace
}  // namespace kclhost::host::plugin
