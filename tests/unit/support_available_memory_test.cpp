#include "support/available_memory.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace kclhost::host {
namespace {

namespace fs = std::filesystem;

class AvailableMemory : public testing::Test {
 protected:
  ~AvailableMemory() override { fs::remove_all(directory_); }

  void write(const fs::path& file, const std::string& text) {
    fs::create_directories((directory_ / file).parent_path());
    std::ofstream(directory_ / file) << text;
  }
  std::uint64_t available() { return available_memory(directory_ / "groups", directory_ / "own"); }

  const fs::path directory_ = fs::temp_directory_path() / ("kclhost-memory-" + std::to_string(::getpid()));
};

TEST_F(AvailableMemory, IsTheMachinesWithoutALimit) {
  const std::uint64_t machine = available();
  EXPECT_GT(machine, 64u << 20);
  write("own", "0::/a\n");
  write("groups/a/memory.max", "max\n");
  EXPECT_EQ(available(), machine);
}

TEST_F(AvailableMemory, IsTheLeastLimitOfTheGroupsAbove) {
  write("own", "0::/pod/container\n");
  write("groups/pod/container/memory.max", "max\n");
  write("groups/pod/memory.max", "2097152\n");
  EXPECT_EQ(available(), 2u << 20);
  write("groups/pod/container/memory.max", "1048576\n");
  EXPECT_EQ(available(), 1u << 20);
  write("groups/other/memory.max", "4096\n");
  EXPECT_EQ(available(), 1u << 20);
}

TEST_F(AvailableMemory, IsTheMountsLimitInAContainer) {
  write("groups/memory.max", "3145728\n");
  for (const char* own : {"0::/\n", "0::/named/on/the/machine\n"}) {
    write("own", own);
    EXPECT_EQ(available(), 3u << 20);
  }
}

TEST_F(AvailableMemory, KnowsTheOldControlGroups) {
  write("own", "12:pids:/p\n5:cpu,memory:/m\n1:name=systemd:/s\n");
  write("groups/memory/m/memory.limit_in_bytes", "1048576\n");
  EXPECT_EQ(available(), 1u << 20);
}

TEST_F(AvailableMemory, TheGroupsLimitTasksToo) {
  const auto allowed = [this] { return allowed_tasks(directory_ / "groups", directory_ / "own"); };
  write("own", "0::/pod/container\n");
  EXPECT_EQ(allowed(), UINT64_MAX);
  write("groups/pod/pids.max", "300\n");
  write("groups/pod/container/pids.max", "max\n");
  EXPECT_EQ(allowed(), 300u);
  write("own", "12:pids:/p\n5:cpu,memory:/m\n");
  write("groups/pids/p/pids.max", "200\n");
  EXPECT_EQ(allowed(), 200u);
}

}  // namespace
}  // namespace kclhost::host
