#include "support/process_memory.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace kclhost::host {
namespace {

TEST(ProcessMemory, ResidentMemoryOfThisProcess) {
  EXPECT_GT(resident_memory(::getpid()), std::uint64_t{1} << 20);
  EXPECT_EQ(resident_memory(-1), 0u);
}

// Pages of files, as /proc/self/statm counts them.
long mapped_pages() {
  std::ifstream statm("/proc/self/statm");
  long total = 0, resident = 0, of_files = 0;
  statm >> total >> resident >> of_files;
  return of_files;
}

bool traced() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word != "TracerPid:") continue;
    return status >> word && word != "0";
  }
  return false;
}

TEST(ProcessMemory, AProgramGoesOnWithoutThePagesThatItsStartUsed) {
  if (traced()) GTEST_SKIP() << "a debugger's breakpoints are in those pages";
  const long before = mapped_pages();
  unmap_program();
  EXPECT_LT(mapped_pages(), before);
}

}  // namespace
}  // namespace kclhost::host
