#include <gtest/gtest.h>
#include <kclhost/testing.hpp>

TEST(Plugin, LogsEachRecord) {
  kclhost::testing::Host host;
  auto plugin = host.create(kclhost::testing::load(PLUGIN_FILE));
  ASSERT_TRUE(plugin.created()) << plugin.created();
  EXPECT_TRUE(plugin.process_records({"hello", "again"}));
  EXPECT_TRUE(host.has_logged("key: hello"));
  EXPECT_TRUE(host.has_logged("key: again"));
}
