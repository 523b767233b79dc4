#include "observe/log_file.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <fstream>
#include <vector>

#include "core_fixtures.hpp"
#include "file_size_limit.hpp"
#include "observe/outlet.hpp"

namespace kclhost::host::observe {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> lines_of(const fs::path& file) {
  std::ifstream in(file);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::string numbered(const fs::path& file, int number) {
  return number == 0 ? file.string() : file.string() + "." + std::to_string(number);
}

// Of all its files, the oldest first.
std::vector<std::string> all_lines(const fs::path& file) {
  std::vector<std::string> all;
  int oldest = 0;
  while (fs::exists(numbered(file, oldest + 1))) ++oldest;
  for (int number = oldest; number >= 0; --number) {
    const auto lines = lines_of(numbered(file, number));
    all.insert(all.end(), lines.begin(), lines.end());
  }
  return all;
}

class LogFileTest : public testing::Test {
 protected:
  LogFile open(std::uint64_t size, int keep) { return std::move(*LogFile::open(path, size, keep)); }

  test::TempDir directory;
  const fs::path path = directory.path() / "k.log";
};

TEST_F(LogFileTest, AppendsToWhatIsThere) {
  EXPECT_EQ(open(1000, 1).append("a\n"), 0);
  EXPECT_EQ(open(1000, 1).append("b\n"), 0);
  EXPECT_EQ(lines_of(path), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(fs::status(path).permissions() & fs::perms::others_all, fs::perms::none);
}

TEST_F(LogFileTest, MakesRoomAndKeepsTheNewest) {
  LogFile file = open(30, 3);
  for (int i = 10; i < 30; ++i) EXPECT_EQ(file.append("line " + std::to_string(i) + "\n"), 0);  // three to a file
  EXPECT_EQ(lines_of(path), (std::vector<std::string>{"line 28", "line 29"}));
  EXPECT_EQ(lines_of(numbered(path, 1)), (std::vector<std::string>{"line 25", "line 26", "line 27"}));
  EXPECT_EQ(lines_of(numbered(path, 3)), (std::vector<std::string>{"line 19", "line 20", "line 21"}));
  EXPECT_FALSE(fs::exists(numbered(path, 4)));
}

TEST_F(LogFileTest, ALineLongerThanAFileIsWhole) {
  LogFile file = open(10, 2);
  const std::string longer(100, 'x');
  for (const std::string& line : {std::string("a"), longer, std::string("b")}) EXPECT_EQ(file.append(line + "\n"), 0);
  EXPECT_EQ(all_lines(path), (std::vector<std::string>{"a", longer, "b"}));
}

TEST_F(LogFileTest, SeveralProcessesLoseNothing) {
  constexpr int processes = 4, lines = 1000;
  std::vector<pid_t> children;
  for (int process = 0; process < processes; ++process) {
    children.push_back(::fork());
    if (children.back() != 0) continue;
    LogFile file = open(1000, 1000);
    int failed = 0;
    for (int i = 0; i < lines; ++i) failed |= file.append(std::to_string(process * lines + i) + "\n");
    ::_exit(failed == 0 ? 0 : 1);
  }
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  std::vector<int> numbers;
  for (const std::string& line : all_lines(path)) numbers.push_back(std::stoi(line));
  std::sort(numbers.begin(), numbers.end());
  ASSERT_EQ(numbers.size(), static_cast<std::size_t>(processes * lines));
  for (int i = 0; i < processes * lines; ++i) ASSERT_EQ(numbers[static_cast<std::size_t>(i)], i);
}

TEST_F(LogFileTest, WhoeverMovesItAwayGetsWhatItHad) {
  LogFile file = open(1000, 1);
  file.append("a\n");
  fs::rename(path, directory.path() / "moved");
  file.append("b\n");
  EXPECT_EQ(lines_of(directory.path() / "moved"), std::vector<std::string>{"a"});
  EXPECT_EQ(lines_of(path), std::vector<std::string>{"b"});
}

TEST_F(LogFileTest, WhatCannotBeWrittenIsCountedAndTold) {
  Outlet outlet = Outlet::to_file(open(1'000'000, 1), [](std::uint64_t dropped, std::string_view why) {
    return std::to_string(dropped) + " lost: " + std::string(why) + "\n";
  });
  outlet.write("before\n");
  {
    const test::FileSizeLimit full(10);
    outlet.write("cut short\n");
    outlet.write("lost\n");
  }
  outlet.write("after\n");
  EXPECT_EQ(lines_of(path),
            (std::vector<std::string>{"before", "cut", "after", "2 lost: " + path.string() + ": File too large"}));
}

TEST_F(LogFileTest, AFileThatCannotBeIsOneLineWithTheCure) {
  const auto missing = LogFile::open(directory.path() / "none" / "k.log", 1000, 1);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error(), (directory.path() / "none" / "k.log").string() +
                                 ": the log can't be written here: No such file or directory; make its directory");
  const auto directory_itself = LogFile::open(directory.path(), 1000, 1);
  ASSERT_FALSE(directory_itself);
  EXPECT_NE(directory_itself.error().find("name another log.file"), std::string::npos);
  EXPECT_FALSE(LogFile::open("/dev/null", 1000, 1)) << "it would be renamed";
}

}  // namespace
}  // namespace kclhost::host::observe
