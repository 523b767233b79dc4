// kclhost/record_processor.h: what a plugin says with its helpers arrives, and what it does not name is there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <kclhost/testing.hpp>

#include <string>
#include <utility>
#include <vector>

namespace {

using kclhost::testing::Batch;
using kclhost::testing::Host;
using testing::ElementsAre;

std::vector<std::string> lines(const Host& host) {
  std::vector<std::string> texts;
  for (const auto& log : host.logs()) texts.push_back(log.text);
  return texts;
}

TEST(CHelpers, WhatAPluginDoesNotNameIsThere) {
  const kclhost_plugin& plugin = kclhost::testing::load(SPEAKER);
  EXPECT_EQ(std::string(plugin.id.data, plugin.id.size), "test.speaker");
  EXPECT_EQ(std::string(plugin.version.data, plugin.version.size), "1.2.3");
  EXPECT_EQ(plugin.description.size, 0u);
  EXPECT_EQ(plugin.tick, nullptr);
  Host host;
  auto instance = host.create(plugin);
  EXPECT_TRUE(instance.created());
  EXPECT_TRUE(instance.process_records({"log one"}));
  EXPECT_TRUE(instance.shard_ended());
  instance.destroy();
  EXPECT_THAT(lines(host), ElementsAre("[one]"));
}

TEST(CHelpers, AFailureSaysWhy) {
  Host host;
  auto instance = host.create(kclhost::testing::load(SPEAKER));
  const auto outcome = instance.process_records({"log one", "fail no such column"});
  EXPECT_EQ(outcome.code, KCLHOST_FAILED);
  EXPECT_EQ(outcome.message, "record 1: no such column");
}

TEST(CHelpers, AReasonIsCutToFit) {
  Host host;
  auto instance = host.create(kclhost::testing::load(SPEAKER));
  const auto outcome = instance.process_records({"fail " + std::string(5000, 'x')});
  EXPECT_EQ(outcome.message, "record 0: " + std::string(sizeof kclhost_error{}.message - 1 - 10, 'x'));
}

TEST(CHelpers, ALineIsWholeHoweverLongItIs) {
  for (const std::size_t size : {0u, 1u, 1021u, 1022u, 1023u, 100000u}) {
    Host host;
    auto instance = host.create(kclhost::testing::load(SPEAKER));
    const std::string text(size, 'x');
    EXPECT_TRUE(instance.process_records(Batch().record("log " + text)));
    EXPECT_THAT(lines(host), ElementsAre("[" + text + "]"));
  }
}

TEST(CHelpers, NothingIsFormattedBelowTheLevel) {
  Host host;
  host.log_level(kclhost::LogLevel::info);
  auto instance = host.create(kclhost::testing::load(SPEAKER));
  EXPECT_TRUE(instance.process_records({"trace one", "log two"}));
  EXPECT_THAT(lines(host), ElementsAre("[two]"));
  host.log_level(kclhost::LogLevel::trace);
  EXPECT_TRUE(instance.process_records({"trace three"}));
  EXPECT_THAT(lines(host), ElementsAre("[two]", "[three]", "it was formatted"));
}

TEST(CHelpers, TextThatIsNoneIsEmpty) {
  Host host;
  auto instance = host.create(kclhost::testing::load(SPEAKER));
  EXPECT_TRUE(instance.process_records(Batch().null_record()));
  EXPECT_THAT(lines(host), ElementsAre("nothing []"));
}

TEST(CHelpers, WhatTheConfigurationLacksStaysAsItIs) {
  for (const auto& [config, read] : std::vector<std::pair<std::string, std::string>>{
           {R"({"host": {"port": 1}})", "nobody:1 0.50 0"},
           {R"({"host": {"port": 1, "name": null}, "limits": null})", "nobody:1 0.50 0"},
           {R"({"verbose": true, "limits": {"of": {"rate": 2}}, "host": {"name": "\u00e4bcdef", "port": 7}})",
            "äbcdef:7 2.00 1"}}) {
    Host host;
    const auto instance = host.config(config).create(kclhost::testing::load(READER));
    EXPECT_TRUE(instance.created()) << instance.created().message;
    EXPECT_THAT(lines(host), ElementsAre(read));
  }
}

TEST(CHelpers, WhatDoesNotFitIsNamedByItsPath) {
  const std::string rest = R"("host": {"port": 1})", umlauts = "\"" + std::string(58, 'x') + "ä\"";
  for (const auto& [config, why] : std::vector<std::pair<std::string, std::string>>{
           {"{}", "plugin.config.host.port is missing"},
           {R"({"host": {"port": null}})", "plugin.config.host.port is missing"},
           {R"({"host": {"port": "http"}})", R"(plugin.config.host.port must be a whole number, and is "http")"},
           {R"({"host": {"port": 1.5}})", "plugin.config.host.port must be a whole number, and is 1.5"},
           {R"({"host": [1]})", "plugin.config.host must be a map, and is [1]"},
           {R"({"host": {"port": 1, "name": 7}})", "plugin.config.host.name must be a text, and is 7"},
           {R"({"host": {"port": 1, "name": "12345678"}})", "plugin.config.host.name must be shorter than 8 bytes"},
           {"{" + rest + R"(, "limits": {"of": 3}})", "plugin.config.limits.of must be a map, and is 3"},
           {"{" + rest + R"(, "limits": {"of": {"rate": false}}})",
            "plugin.config.limits.of.rate must be a number, and is false"},
           {"{" + rest + R"(, "verbose": )" + umlauts + "}",
            "plugin.config.verbose must be true or false, and is " + umlauts.substr(0, 59) + "..."}}) {
    Host host;
    const auto instance = host.config(config).create(kclhost::testing::load(READER));
    EXPECT_FALSE(instance.created());
    EXPECT_EQ(instance.created().message, why);
  }
}

TEST(ConfigText, AKeyWithANulIsAnotherKey) {
  const char json[] = R"({"a\u0000b": 1})", key[] = {'a', '\0', 'b', '\0'};
  EXPECT_EQ(kclhost_config_kind(kclhost_config_member({json, sizeof json - 1}, key)), KCLHOST_CONFIG_ABSENT);
}

}  // namespace
