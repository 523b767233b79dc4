// Plugins' copies.
#include "plugin/copy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <optional>

#include "core_fixtures.hpp"
#include "plugin/temporary_copy.hpp"
#include "worker/probe.hpp"

namespace kclhost::host::plugin {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::HasSubstr;

mode_t mode_of(const fs::path& path) {
  struct stat status {};
  EXPECT_EQ(::stat(path.c_str(), &status), 0);
  return status.st_mode & 07777;
}
ino_t inode_of(const fs::path& path) {
  struct stat status {};
  EXPECT_EQ(::stat(path.c_str(), &status), 0);
  return status.st_ino;
}

class PluginCopy : public testing::Test {
 protected:
  void SetUp() override { fs::copy(KCLHOST_TEST_PLUGINS "/shipped", shipped, fs::copy_options::recursive); }

  File read() {
    Result<File> file = read_file(shipped / "home/shipped_teller.so");
    EXPECT_TRUE(file) << file.error();
    return file ? std::move(*file) : File();
  }
  std::vector<Neighbour> neighbours(const File& file) {
    auto found = find_neighbours(file.path, file.elf);
    EXPECT_TRUE(found) << found.error();
    return found ? std::move(*found) : std::vector<Neighbour>();
  }
  fs::path copied() {
    const File file = read();
    made = false;
    const auto copies = copy_into(folder, file, neighbours(file), made);
    EXPECT_TRUE(copies) << copies.error();
    return copies ? folder / copies->front().path : fs::path();
  }

  test::TempDir dir;
  fs::path shipped = dir / "shipped", folder = dir / "not/yet/there";
  bool made = false;
};

TEST_F(PluginCopy, LoadsThoughTheOriginalsAreGone) {
  const fs::path path = copied();
  EXPECT_TRUE(made);
  EXPECT_EQ(path.filename(), "shipped_teller.so");
  EXPECT_EQ(mode_of(path), 0555u);
  EXPECT_EQ(mode_of(folder) & 022, 0u);
  fs::remove_all(shipped);
  const auto about = worker::probe(path, 120s);
  ASSERT_TRUE(about) << about.error();
  EXPECT_EQ(about->about.id, "test.teller");
}

TEST_F(PluginCopy, OnceIsEnough) {
  const fs::path path = copied();
  const ino_t first = inode_of(path);
  EXPECT_EQ(copied(), path);
  EXPECT_FALSE(made);
  EXPECT_EQ(inode_of(path), first) << "copied again, under the feet of running workers";
}

TEST_F(PluginCopy, WhatIsDamagedIsReplacedAndNotWritten) {
  const fs::path path = copied(), library = path.parent_path() / "libnear.so";
  const std::string near = test::contents(library);
  ASSERT_EQ(::chmod(library.c_str(), 0755), 0);
  test::put_file(library, std::string(near.size(), 'x'));
  copied();
  EXPECT_EQ(test::contents(library), near);
  const std::string whole = test::contents(path);
  for (const std::string& bytes : {std::string(), whole.substr(0, 1000), std::string(whole.size(), 'x')}) {
    const ino_t before = inode_of(path);
    ASSERT_EQ(::chmod(path.c_str(), 0755), 0);
    test::put_file(path, bytes);
    copied();
    EXPECT_TRUE(made);
    EXPECT_EQ(test::contents(path), whole);
    EXPECT_NE(inode_of(path), before) << "running workers keep what they have mapped";
  }
}

TEST_F(PluginCopy, WhatOthersMayWriteIsReplaced) {
  const fs::path path = copied();
  ASSERT_EQ(::chmod(path.c_str(), 0666), 0);
  ASSERT_EQ(::chmod(folder.c_str(), 0777), 0);
  copied();
  EXPECT_EQ(mode_of(path) & 022, 0u);
  EXPECT_EQ(mode_of(folder) & 022, 0u);
}

TEST_F(PluginCopy, SomebodyElsesFolderIsRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give folders away";
  fs::create_directories(folder);
  ASSERT_EQ(::chown(folder.c_str(), 12345, 0), 0);
  const File file = read();
  const auto copies = copy_into(folder, file, neighbours(file), made);
  ASSERT_FALSE(copies);
  EXPECT_THAT(copies.error(), HasSubstr("belongs to another user"));
}

TEST_F(PluginCopy, WhereNothingCanBeWrittenTheFolderIsNamed) {
  const File file = read();
  for (const fs::path place : {"/proc/kclhost-test", "/dev/null/state"}) {
    const auto copies = copy_into(place, file, {}, made);
    ASSERT_FALSE(copies);
    EXPECT_THAT(copies.error(), HasSubstr(place.string()));
    EXPECT_THAT(copies.error(), HasSubstr("state_dir must be writable"));
  }
}

TEST_F(PluginCopy, TheContentIsAllThatIsShipped) {
  const File file = read();
  const std::string before = content_of(file, neighbours(file));
  EXPECT_NE(before, file.sha256);
  EXPECT_EQ(content_of(file, {}), file.sha256);
  const fs::path near = shipped / "home/libnear.so";
  test::put_file(near, test::contents(near) + " ");
  ASSERT_EQ(::chmod(near.c_str(), 0755), 0);
  EXPECT_NE(content_of(file, neighbours(file)), before);
}

TEST_F(PluginCopy, ATemporaryOneGoes) {
  fs::create_directories(dir / "state/releases");
  fs::path path;
  {
    const auto copy = TemporaryCopy::make(read(), dir / "state");
    ASSERT_TRUE(copy) << copy.error();
    path = copy->path();
    EXPECT_TRUE(worker::probe(path, 120s));
    std::optional<TemporaryCopy> moved;
    auto other = TemporaryCopy::make(read(), dir / "state");
    ASSERT_TRUE(other) << other.error();
    moved.emplace(std::move(*other));
    EXPECT_TRUE(fs::exists(moved->path()));
    EXPECT_NE(moved->path(), path);
  }
  EXPECT_TRUE(fs::is_empty(dir / "state/releases"));
}

TEST_F(PluginCopy, ATemporaryOneMakesNoFolderOfTheHosts) {
  {
    const auto copy = TemporaryCopy::make(read(), dir / "state");
    ASSERT_TRUE(copy) << copy.error();
    EXPECT_TRUE(worker::probe(copy->path(), 120s));
  }
  EXPECT_FALSE(fs::exists(dir / "state"));
  for (const auto& entry : fs::directory_iterator(dir / "."))
    EXPECT_FALSE(entry.path().filename().string().starts_with(".copy"));
}

TEST_F(PluginCopy, ATemporaryOneOfAKilledProcessGoesLater) {
  fs::create_directories(dir / "state/releases");
  const pid_t child = ::fork();
  if (child == 0) {
    const auto copy = TemporaryCopy::make(read(), dir / "state");
    ::_exit(copy ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  const auto mine = TemporaryCopy::make(read(), dir / "state");
  ASSERT_TRUE(mine) << mine.error();
  const fs::path releases = dir / "state/releases";
  const auto count = [&] { return std::distance(fs::directory_iterator(releases), fs::directory_iterator()); };
  TemporaryCopy::remove_left_overs(releases);
  EXPECT_EQ(count(), 2) << "it may only just have been made";
  for (const auto& entry : fs::directory_iterator(releases))
    fs::last_write_time(entry, fs::file_time_type::clock::now() - std::chrono::hours(2));
  TemporaryCopy::remove_left_overs(releases);
  EXPECT_EQ(count(), 1);
  EXPECT_TRUE(fs::exists(mine->path()));
}

}  // namespace
}  // namespace kclhost::host::plugin
