#include "support/shared_buffer.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cstring>
#include <string>

#include "core_fixtures.hpp"

namespace kclhost::host {
namespace {

std::size_t memory_behind(const SharedBuffer& buffer) {
  struct stat status {};
  ::fstat(buffer.open_read_only().get(), &status);
  return static_cast<std::size_t>(status.st_size);
}

TEST(SharedBuffer, BeginsWithoutMemory) {
  const SharedBuffer buffer;
  EXPECT_EQ(buffer.size(), 0u);
  EXPECT_EQ(memory_behind(buffer), 0u);
  EXPECT_GT(buffer.limit(), std::size_t{15} << 20) << "a batch of 10 MB is a line of 15.4 MB";
}

TEST(SharedBuffer, GrowthKeepsAddressAndContents) {
  SharedBuffer buffer;
  ASSERT_TRUE(buffer.reserve(1));
  char* const address = buffer.data();
  std::size_t written = 0;
  for (const std::size_t size : {1'000u, 65'536u, 65'537u, 1'000'000u, 20'000'000u}) {
    ASSERT_TRUE(buffer.reserve(size));
    ASSERT_EQ(buffer.data(), address);
    ASSERT_GE(buffer.size(), size);
    for (; written < size; ++written) address[written] = static_cast<char>(written * 31 >> 3);
  }
  for (std::size_t i = 0; i < written; ++i) ASSERT_EQ(address[i], static_cast<char>(i * 31 >> 3)) << i;
}

TEST(SharedBuffer, NeverShrinksByItself) {
  SharedBuffer buffer;
  ASSERT_TRUE(buffer.reserve(1'000'000));
  const std::size_t size = buffer.size();
  EXPECT_TRUE(buffer.reserve(10));
  EXPECT_EQ(buffer.size(), size);
}

TEST(SharedBuffer, RefusesWhatIsBeyondItsLimit) {
  SharedBuffer buffer;
  EXPECT_FALSE(buffer.reserve(buffer.limit() + 1));
  EXPECT_FALSE(buffer.reserve(SIZE_MAX));
  EXPECT_TRUE(buffer.reserve(100)) << "and is of use afterwards";
  buffer.data()[99] = 'x';
}

TEST(SharedBuffer, ReleaseGivesTheMemoryBack) {
  SharedBuffer buffer;
  ASSERT_TRUE(buffer.reserve(8 << 20));
  std::memset(buffer.data(), 'x', 8 << 20);
  char* const address = buffer.data();
  buffer.release();
  EXPECT_EQ(buffer.size(), 0u);
  EXPECT_EQ(memory_behind(buffer), 0u);
  ASSERT_TRUE(buffer.reserve(100));
  EXPECT_EQ(buffer.data(), address);
  EXPECT_EQ(buffer.data()[0], '\0') << "old contents came back";
}

TEST(SharedView, SeesWhatIsThereAndWhatComesLater) {
  SharedBuffer buffer;
  ASSERT_TRUE(buffer.reserve(10));
  std::strcpy(buffer.data(), "first");
  const SharedView view(buffer.open_read_only());
  EXPECT_STREQ(view.data(), "first");
  // Beyond the size that the view was opened with.
  ASSERT_TRUE(buffer.reserve(30 << 20));
  std::strcpy(buffer.data() + (29 << 20), "later");
  EXPECT_STREQ(view.data() + (29 << 20), "later");
}

TEST(SharedView, IsTheOldMemorysUntilItIsReplaced) {
  SharedBuffer buffer;
  ASSERT_TRUE(buffer.reserve(10));
  std::strcpy(buffer.data(), "first");
  SharedView view(buffer.open_read_only());
  const char* const address = view.data();
  const std::uint32_t generation = buffer.generation();
  buffer.release();
  EXPECT_NE(buffer.generation(), generation);
  ASSERT_TRUE(buffer.reserve(10));
  std::strcpy(buffer.data(), "again");
  EXPECT_STREQ(view.data(), "first");
  view.replace(buffer.open_read_only());
  EXPECT_EQ(view.data(), address);
  EXPECT_STREQ(view.data(), "again");
}

TEST(SharedView, OpenedBeforeThereIsAnything) {
  SharedBuffer buffer;
  const SharedView view(buffer.open_read_only());
  ASSERT_TRUE(buffer.reserve(10));
  std::strcpy(buffer.data(), "now");
  EXPECT_STREQ(view.data(), "now");
}

TEST(SharedView, CannotBeWritten) {
  SharedBuffer buffer;
  ASSERT_TRUE(buffer.reserve(4096));
  const Fd fd = buffer.open_read_only();
  EXPECT_EQ(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0), MAP_FAILED);
  EXPECT_EQ(::write(fd.get(), "x", 1), -1);
  EXPECT_EQ(::ftruncate(fd.get(), 0), -1);
  void* mapped = ::mmap(nullptr, 4096, PROT_READ, MAP_SHARED, fd.get(), 0);
  ASSERT_NE(mapped, MAP_FAILED);
  EXPECT_EQ(::mprotect(mapped, 4096, PROT_READ | PROT_WRITE), -1);
  ::munmap(mapped, 4096);
}

// By a process of the same user, which can open the memory for writing through /proc.
TEST(SharedView, CannotBeWrittenOrTruncatedThroughAnotherDescriptor) {
  SharedBuffer buffer;
  for (int generation = 0; generation < 2; ++generation) {
    ASSERT_TRUE(buffer.reserve(4096));
    std::strcpy(buffer.data(), "mine");
    const std::string path = "/proc/self/fd/" + std::to_string(buffer.read_only_fd());
    const Fd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    ASSERT_TRUE(fd);
    EXPECT_EQ(::ftruncate(fd.get(), 0), -1);
    EXPECT_EQ(::fallocate(fd.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096), -1);
    EXPECT_EQ(::pwrite(fd.get(), "X", 1, 0), -1);
    EXPECT_EQ(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0), MAP_FAILED);
    EXPECT_EQ(::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_GROW), -1);
    EXPECT_STREQ(buffer.data(), "mine");
    // What it can do is to make it longer, which is of no use to it.
    ASSERT_EQ(::ftruncate(fd.get(), 100 << 20), 0);
    ASSERT_TRUE(buffer.reserve(1 << 20));
    buffer.data()[(1 << 20) - 1] = 'x';
    buffer.release();
  }
}

TEST(SharedView, OfNothingThrows) {
  EXPECT_THROW(SharedView{Fd()}, std::system_error);
}

}  // namespace
}  // namespace kclhost::host
