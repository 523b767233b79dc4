// A crash report is JSON, whatever a plugin, its symbols and its records are made of.
#include "store/crash_report.hpp"

#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include <csignal>
#include <filesystem>
#include <string>

#include "core_fixtures.hpp"
#include "support/json.hpp"

namespace kclhost::host::store {
namespace {

// Each byte there is, and what UTF-8 forbids: overlong forms, surrogates, what lies beyond, what is cut.
std::string hostile_text() {
  std::string text = "\xc0\x80 \xed\xa0\x80 \xf5\x80\x80\x80 \xe2\x82";
  for (int byte = 0; byte < 256; ++byte) text += static_cast<char>(byte);
  return text + "\"\\ \u2028 </script>";
}

TEST(CrashReport, IsJsonWhateverIsInIt) {
  const test::TempDir dir;
  const std::string text = hostile_text();
  config::Config config;
  config.state_dir = dir.path();
  config.worker.crash_payloads = true;
  config.log.level = config::LogLevel::trace;
  config.log.format = config::LogFormat::text;
  observe::Log log(config.log);
  log.set_plugin(text, text);
  log.info(text);
  Death death{Death::Kind::signal, SIGSEGV, text, {text, "", text}};
  death.words = text;
  write_crash_report(config, log, "\xff\x01\" </script>", 1, death, Batch{});  // a file's name is no longer

  std::size_t reports = 0;
  for (const auto& file : std::filesystem::directory_iterator(config.state_dir / "crashes")) {
    ++reports;
    rapidjson::Document report;
    const std::string written = test::contents(file.path());
    const auto fault = json::parse(written, report, json::Utf8::checked);
    ASSERT_FALSE(fault) << fault->str();
    for (const char* member : {"shard", "plugin", "version", "cause", "printed"}) {
      const std::string value(report[member].GetString(), report[member].GetStringLength());
      EXPECT_TRUE(value.ends_with("</script>")) << member;
    }
    EXPECT_EQ(report["stack"].Size(), 3u);
    EXPECT_GE(report["log"].Size(), 1u);
  }
  EXPECT_EQ(reports, 1u);
}

}  // namespace
}  // namespace kclhost::host::store
