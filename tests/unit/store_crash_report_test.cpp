// A crash report is JSON, whatever a plugin, its symbols and its records are made of.
#include "store/crash_report.hpp"

#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include <csignal>
#include <filesystem>
#include <map>
#include <string>

#include "core_fixtures.hpp"
#include "file_size_limit.hpp"
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

class CrashReports : public testing::Test {
 protected:
  CrashReports() { config_.state_dir = dir_.path(); }

  // The report of a worker with this number.
  void write(std::uint32_t generation) {
    write_crash_report(config_, log_, "shardId-000000000000", generation, {Death::Kind::signal, SIGSEGV, "killed", {}},
                       Batch{});
  }
  // What is in the folder, by name.
  std::map<std::string, std::string> files() const {
    std::map<std::string, std::string> found;
    for (const auto& file : std::filesystem::directory_iterator(config_.state_dir / "crashes")) {
      found.emplace(file.path().filename().string(), test::contents(file.path()));
    }
    return found;
  }

 private:
  const test::TempDir dir_;
  config::Config config_;
  observe::Log log_{config_.log};
};

TEST_F(CrashReports, OnAFullDiskNoneIsLeftInPart) {
  write(1);
  const auto whole = files();
  ASSERT_EQ(whole.size(), 1u);
  {
    const test::FileSizeLimit full(whole.begin()->second.size() / 2);
    for (std::uint32_t generation = 2; generation < 27; ++generation) write(generation);
  }
  EXPECT_EQ(files(), whole);
}

TEST_F(CrashReports, TheNewestTwentyStay) {
  // Two digits each: reports of one millisecond go by name.
  for (std::uint32_t generation = 10; generation < 35; ++generation) write(generation);
  const auto kept = files();
  EXPECT_EQ(kept.size(), 20u);
  EXPECT_TRUE(kept.rbegin()->first.ends_with(".34.json")) << kept.rbegin()->first;
}

}  // namespace
}  // namespace kclhost::host::store
