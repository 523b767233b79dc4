// The rows of docs/abi.md with a host newer than the plugin: compiled, as host/plugin/table.cpp is here, with a header
// of a later minor version that CMakeLists.txt derives from today's.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

#include "voyage.hpp"

static_assert(KCLHOST_ABI_MINOR > 0, "compiled with the wrong header");

namespace {

using kclhost::host::plugin::read_table;

TEST(AbiVersions, PluginOfAnOlderMinor) {
  const kclhost_plugin* raw = load(TRAVELLER_1_0);
  ASSERT_NE(raw, nullptr);
  ASSERT_LT(raw->struct_size, sizeof(kclhost_plugin));
  const auto table = read_table(raw);
  ASSERT_TRUE(table) << table.error();
  EXPECT_EQ(table->functions.added, nullptr);
  expect_good_voyage(table->functions);
}

TEST(AbiVersions, PluginTableShorterThanTheHosts) {
  const kclhost_plugin* raw = load(TRAVELLER_1_0);
  ASSERT_NE(raw, nullptr);
  // The table ends where memory does: one byte read beyond it is fatal.
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  void* pages = ::mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(pages, MAP_FAILED);
  ASSERT_EQ(::mprotect(static_cast<char*>(pages) + page, page, PROT_NONE), 0);
  void* end_of_page = static_cast<char*>(pages) + page - raw->struct_size;
  std::memcpy(end_of_page, raw, raw->struct_size);
  const auto table = read_table(static_cast<const kclhost_plugin*>(end_of_page));
  EXPECT_TRUE(table) << table.error();
  ::munmap(pages, 2 * page);
}

TEST(AbiVersions, PluginTableAsLongAsTheHosts) {
  const auto table = read_table(load(TRAVELLER_NEXT));
  ASSERT_TRUE(table) << table.error();
  ASSERT_NE(table->functions.added, nullptr);
  EXPECT_EQ(table->functions.added(nullptr), 77);
  expect_good_voyage(table->functions);
}

}  // namespace
