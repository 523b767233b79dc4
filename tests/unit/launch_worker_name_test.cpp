#include "launch/worker_name.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <thread>

#include "core_fixtures.hpp"

namespace kclhost::host::launch {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class WorkerNameTest : public testing::Test {
 protected:
  WorkerName take() {
    auto name = WorkerName::take(folder_, "app@words");
    if (!name) throw std::runtime_error(name.error());
    return std::move(*name);
  }
  std::string taken() { return take().str(); }

  test::TempDir dir_;
  fs::path folder_ = dir_ / "workers", file_ = folder_ / "app%40words.0";
};

TEST_F(WorkerNameTest, IsTheSameEachTime) {
  const std::string first = taken();
  EXPECT_GT(first.size(), 16u);
  EXPECT_EQ(taken(), first);
}

TEST_F(WorkerNameTest, IsAnotherElsewhere) {
  const std::string first = taken();
  folder_ = dir_ / "others";
  EXPECT_NE(taken(), first);
}

TEST_F(WorkerNameTest, WhoLivesKeepsIt) {
  std::string first;
  {
    const WorkerName one = take(), two = take();
    first = one.str();
    EXPECT_NE(two.str(), first);
  }
  EXPECT_EQ(taken(), first);
}

// As a JVM has it that is not yet gone when its launch is.
TEST_F(WorkerNameTest, ADaemonWhoseLaunchIsGoneIsWaitedFor) {
  std::string first;
  Fd daemons;
  {
    const WorkerName one = take();
    first = one.str();
    daemons = Fd(::dup(one.lock()));
  }
  std::thread daemon([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    daemons.reset();
  });
  EXPECT_EQ(taken(), first);
  daemon.join();
}

// On a network file system, where flock's locks are fcntl's, they would exclude each other.
TEST_F(WorkerNameTest, NoFileIsLockedInTwoWays) {
  const WorkerName name = take();
  for (const auto& entry : fs::directory_iterator(folder_)) {
    const Fd other(::open(entry.path().c_str(), O_RDWR | O_CLOEXEC));
    struct flock lock {};
    lock.l_type = F_WRLCK;
    ASSERT_EQ(::fcntl(other.get(), F_OFD_GETLK, &lock), 0) << entry.path();
    const bool by_fcntl = lock.l_type != F_UNLCK, by_flock = ::flock(other.get(), LOCK_EX | LOCK_NB) != 0;
    EXPECT_FALSE(by_fcntl && by_flock) << entry.path();
  }
}

TEST_F(WorkerNameTest, OneWhoseLaunchStillHasItsLockIsPassedOver) {
  const std::string first = taken();
  const Fd launchs(::open((file_.string() + ".launch").c_str(), O_RDWR | O_CLOEXEC));
  struct flock lock {};
  lock.l_type = F_WRLCK;
  ASSERT_EQ(::fcntl(launchs.get(), F_OFD_SETLK, &lock), 0);
  EXPECT_NE(taken(), first);
}

TEST_F(WorkerNameTest, ACopyOfTheFileIsNoName) {
  const std::string first = taken();
  const std::string text = test::contents(file_);
  fs::rename(file_, dir_ / "kept");
  test::put_file(file_, text, 0600);
  EXPECT_NE(taken(), first);
}

TEST_F(WorkerNameTest, NorIsOneOfAnotherHost) {
  const std::string first = taken();
  std::string text = test::contents(file_);
  text.insert(text.find('\n') + 1, "not-");
  test::put_file(file_, text, 0600);
  EXPECT_NE(taken(), first);
}

TEST_F(WorkerNameTest, AnUnfinishedFileIsWrittenAnew) {
  const std::string text = (taken(), test::contents(file_));
  for (const std::string& part : {std::string(), text.substr(0, 10), "\n" + text, text.substr(0, text.size() - 1)}) {
    test::put_file(file_, part, 0600);
    const std::string name = taken();
    EXPECT_GT(name.size(), 16u);
    EXPECT_EQ(taken(), name);
  }
}

TEST_F(WorkerNameTest, WhatCannotBeWrittenIsNamed) {
  fs::create_directories(file_);
  const auto name = WorkerName::take(folder_, "app@words");
  ASSERT_FALSE(name);
  EXPECT_THAT(name.error(), HasSubstr(file_.string()));
  EXPECT_THAT(name.error(), HasSubstr("state_dir must be writable"));
  EXPECT_EQ(name.error().find('\n'), std::string::npos);
}

}  // namespace
}  // namespace kclhost::host::launch
