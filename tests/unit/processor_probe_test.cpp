#include "processor/probe.hpp"

#include <gtest/gtest.h>

#include <string>

namespace kclhost::host::processor {
namespace {

using namespace std::chrono_literals;

Result<Descriptor> probe_of(const std::string& path) {
  return probe(path, 120s);
}

TEST(Probe, TellsWhatAPluginIs) {
  const Result<Descriptor> about = probe_of(KCLHOST_TEST_PLUGINS "/teller.so");
  ASSERT_TRUE(about) << about.error();
  EXPECT_EQ(about->id, "test.teller");
  EXPECT_EQ(about->version, "1.2.3-rc1");
  EXPECT_EQ(about->abi_minor, KCLHOST_ABI_MINOR);
}

TEST(Probe, ASchemaArrivesWhole) {
  const Result<Descriptor> about = probe_of(KCLHOST_TEST_PLUGINS "/bulky.so");
  ASSERT_TRUE(about) << about.error();
  EXPECT_EQ(about->config_schema, "{" + std::string(199'998, ' ') + "}");
}

TEST(Probe, SurvivesWhatAPluginDoesWhileItIsLoaded) {
  for (const auto& [plugin, why] : {std::pair{"load_segv", "killed by SIGSEGV"},
                                    {"entry_segv", "killed by SIGSEGV"},
                                    {"load_call_exit", "ended by exit(5)"},
                                    {"undefined_symbol", "nowhere_defined"},
                                    {"wrong_major", "ABI major 2"}}) {
    const Result<Descriptor> about = probe_of(std::string(KCLHOST_ZOO "/") + plugin + ".so");
    ASSERT_FALSE(about) << plugin;
    EXPECT_NE(about.error().find(why), std::string::npos) << plugin << ": " << about.error();
    EXPECT_EQ(about.error().find('\n'), std::string::npos) << about.error();
  }
}

TEST(Probe, DropsWhatAPluginPrints) {
  const Result<Descriptor> about = probe_of(KCLHOST_ZOO "/load_print.so");
  ASSERT_TRUE(about) << about.error();
  EXPECT_EQ(about->id, "zoo.on_load");
}

TEST(Probe, DoesNotWaitForEver) {
  const Result<Descriptor> about = probe(KCLHOST_ZOO "/load_hang.so", 200ms);
  ASSERT_FALSE(about);
  EXPECT_NE(about.error().find("loading took longer than timeouts.initialize"), std::string::npos) << about.error();
}

}  // namespace
}  // namespace kclhost::host::processor
