#include "worker/probe.hpp"

#include <gtest/gtest.h>

#include <string>

namespace kclhost::host::worker {
namespace {

using namespace std::chrono_literals;

Result<Descriptor> probe_of(const std::string& path) {
  Result<Probed> probed = probe(path, 120s);
  if (!probed) return Error{probed.error()};
  EXPECT_EQ(probed->objection, "") << "it was not asked";
  return probed->about;
}

std::string objection_of(const std::string& plugin, const std::string& config_json, bool fits = true) {
  const Question question{.config_json = config_json, .fits = [fits](const Descriptor&) { return fits; }};
  const Result<Probed> probed = probe(KCLHOST_TEST_PLUGINS "/" + plugin, config_json == "hang" ? 2s : 120s, question);
  EXPECT_TRUE(probed) << probed.error();
  return probed ? probed->objection : "";
}

TEST(WorkerProbe, TellsWhatAPluginIs) {
  const Result<Descriptor> about = probe_of(KCLHOST_TEST_PLUGINS "/teller.so");
  ASSERT_TRUE(about) << about.error();
  EXPECT_EQ(about->id, "test.teller");
  EXPECT_EQ(about->version, "1.2.3-rc1");
  EXPECT_EQ(about->abi_minor, KCLHOST_ABI_MINOR);
}

TEST(WorkerProbe, ASchemaArrivesWhole) {
  const Result<Descriptor> about = probe_of(KCLHOST_TEST_PLUGINS "/bulky.so");
  ASSERT_TRUE(about) << about.error();
  EXPECT_EQ(about->config_schema, "{" + std::string(199'998, ' ') + "}");
}

TEST(WorkerProbe, SurvivesWhatAPluginDoesWhileItIsLoaded) {
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

// It says there why it gave up.
TEST(WorkerProbe, AnErrorHasWhatThePluginPrinted) {
  const Result<Descriptor> about = probe_of(KCLHOST_TEST_PLUGINS "/last_words.so");
  ASSERT_FALSE(about);
  EXPECT_EQ(about.error(),
            "can't be loaded: the process that tried was ended by exit(7); it printed: line 4 | line 5 | "
            "line 6 | line 7 | VENDOR_LICENCE is not set");
}

TEST(WorkerProbe, AFileThatIsGoneIsNoSecret) {
  const Result<Descriptor> about = probe_of("/nowhere/plugin.so");
  ASSERT_FALSE(about);
  EXPECT_NE(about.error().find("No such file"), std::string::npos) << about.error();
  EXPECT_EQ(about.error().find("printed"), std::string::npos) << about.error();
}

TEST(WorkerProbe, DropsWhatAPluginPrints) {
  const Result<Descriptor> about = probe_of(KCLHOST_ZOO "/load_print.so");
  ASSERT_TRUE(about) << about.error();
  EXPECT_EQ(about->id, "zoo.on_load");
}

TEST(WorkerProbe, DoesNotWaitForEver) {
  const Result<Probed> about = probe(KCLHOST_ZOO "/load_hang.so", 200ms);
  ASSERT_FALSE(about);
  EXPECT_NE(about.error().find("loading took longer than timeouts.initialize"), std::string::npos) << about.error();
}

TEST(WorkerProbe, AsksThePluginAboutItsConfiguration) {
  EXPECT_EQ(objection_of("checker.so", R"({"port":8})"), "");
  EXPECT_EQ(objection_of("checker.so", R"({"port":7})"), "the port 7 is odd:\nuse 8");
  EXPECT_EQ(objection_of("checker.so", R"({"port":7})", false), "") << "the schema has its say first";
  EXPECT_EQ(objection_of("teller.so", R"({"port":7})"), "") << "it offers no such thing";
}

TEST(WorkerProbe, SurvivesWhatAPluginDoesWhileItIsAsked) {
  EXPECT_TRUE(
      objection_of("checker.so", "crash").starts_with("the process that asked the plugin was killed by SIGKILL"));
  EXPECT_NE(objection_of("checker.so", "hang").find("check_config took longer than timeouts.initialize"),
            std::string::npos);
}

}  // namespace
}  // namespace kclhost::host::worker
