#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <kclhost/config.hpp>

#include <clocale>

namespace kclhost {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// What reading it complains of; "" when it does not.
template <class Read>
std::string complaint(std::string_view json, Read read) {
  try {
    read(Config(json));
    return "";
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
}

TEST(SdkConfig, ValuesAreReadAsTheirTypes) {
  const Config config(R"( {"on": true, "port": 65535, "least": -9223372036854775808, "rate": 2.5e-1, "name": "x",
                           "hosts": ["a", "b"], "whole": 1e3, "nested": {"a": {"b": 7}}} )");
  EXPECT_TRUE(config["on"].as<bool>());
  EXPECT_EQ(config["port"].as<std::uint16_t>(), 65535);
  EXPECT_EQ(config["least"].as<std::int64_t>(), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(config["rate"].as<double>(), 0.25);
  EXPECT_EQ(config["name"].as<std::string>(), "x");
  EXPECT_THAT(config["hosts"].as<std::vector<std::string>>(), ElementsAre("a", "b"));
  EXPECT_EQ(config["whole"].as<int>(), 1000);
  EXPECT_EQ(config["nested"]["a"]["b"].as<int>(), 7);
}

TEST(SdkConfig, WhatIsNotThereHasADefault) {
  const Config config(R"({"null": null, "list": []})");
  for (const Config& absent : {config["x"], config["x"]["y"]["z"], config["null"], config["null"]["z"]}) {
    EXPECT_FALSE(absent.exists()) << absent.path();
    EXPECT_EQ(absent.value_or(3), 3);
    EXPECT_EQ(absent.value_or("text"), "text");
    EXPECT_THAT(absent.items(), IsEmpty());
    EXPECT_THAT(absent.members(), IsEmpty());
  }
  EXPECT_TRUE(config["list"].exists());
  EXPECT_EQ(complaint("{}", [](const Config& it) { it["a"]["b"].as<int>(); }), "plugin.config.a.b is missing");
}

TEST(SdkConfig, AnErrorSaysWhereAndWhat) {
  const auto read = [](const Config& it) {
    for (const Config& host : it["hosts"].items()) host["port"].as<std::uint8_t>();
  };
  EXPECT_EQ(complaint(R"({"hosts": [{"port": 1}, {"port": 256}]})", read),
            "plugin.config.hosts[1].port must be a whole number from 0 to 255, and is 256");
  EXPECT_EQ(complaint(R"({"hosts": {"port": 1}})", read), "plugin.config.hosts must be a list, and is {\"port\": 1}");
  EXPECT_EQ(complaint("[1]", read), "plugin.config must be a map, and is [1]");
  EXPECT_EQ(complaint("{", read), "plugin.config is no JSON text");
  const std::string names(80, 'x');
  EXPECT_EQ(complaint("{\"a\": \"" + names + "\"}", [](const Config& it) { it["a"].as<bool>(); }),
            "plugin.config.a must be true or false, and is \"" + names.substr(0, 59) + "...");
}

TEST(SdkConfig, KeysThatNobodyKnowsAreRefused) {
  const auto check = [](const Config& it) { it.allow_only({"top", "name"}); };
  EXPECT_EQ(complaint(R"({"top": 1, "name": 2})", check), "");
  EXPECT_EQ(complaint(R"({"top": 1, "nmae": 2})", check), "plugin.config.nmae is unknown; there are top, name");
}

TEST(SdkConfig, WholeNumbersKeepWithinTheirType) {
  const auto fits = [](const char* json, auto type) {
    return complaint(json, [](const Config& it) { it.as<decltype(type)>(); }).empty();
  };
  EXPECT_TRUE(fits("9223372036854775807", std::int64_t()));
  EXPECT_FALSE(fits("9223372036854775808", std::int64_t()));
  EXPECT_FALSE(fits("18446744073709551616", std::int64_t()));
  EXPECT_TRUE(fits("9223372036854775807", std::uint64_t()));
  EXPECT_FALSE(fits("-1", unsigned()));
  EXPECT_TRUE(fits("-0", unsigned()));
  EXPECT_TRUE(fits("-128", std::int8_t()));
  EXPECT_FALSE(fits("128", std::int8_t()));
  for (const char* none : {"1.5", "1e-1", "1e-400", "1e400", "1e17", "\"1\"", "true", "[1]"}) {
    EXPECT_FALSE(fits(none, std::int64_t())) << none;
  }
  EXPECT_TRUE(fits("0e-400", int()));
}

TEST(SdkConfig, TextIsDecoded) {
  const auto text = [](std::string_view json) { return Config(json).as<std::string>(); };
  EXPECT_EQ(text(R"("\"\\\/\b\f\n\r\t")"), "\"\\/\b\f\n\r\t");
  EXPECT_EQ(text(R"("\u0041\u00e9\u20AC\ud83d\ude00")"), "Aé€😀");
  EXPECT_EQ(text(R"("\ud83d\u0041\ude00")"), "�A�");
  EXPECT_EQ(text(R"("a\u0000b")"), std::string("a\0b", 3));
  EXPECT_EQ(Config(R"({"k\u0065y": 1})")["key"].as<int>(), 1);
}

TEST(SdkConfig, WhatIsNoJsonIsRefused) {
  for (const char* text :
       {"",   " ",  "{",  "[1",  "[1,]",  "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}",  "01",  "-",     "1.",
        "1e", ".5", "+1", "tru", "nulll", "\"",      "\"\\x\"",  "\"\\u12\"",  "\"\n\"", "1 2", "[1 2]", "NaN"}) {
    EXPECT_EQ(complaint(text, [](const Config&) {}), "plugin.config is no JSON text") << text;
  }
  EXPECT_EQ(complaint(std::string(100, '[') + std::string(100, ']'), [](const Config&) {}), "");
  EXPECT_NE(complaint(std::string(200, '[') + std::string(200, ']'), [](const Config&) {}), "");
}

// Programs that set their user's locale have another decimal point in some countries.
TEST(SdkConfig, ALocaleChangesNothing) {
  const std::string before = std::setlocale(LC_NUMERIC, nullptr);
  for (const char* name : {"de_DE.UTF-8", "fr_FR.UTF-8", "C.UTF-8"}) {
    if (std::setlocale(LC_NUMERIC, name) == nullptr) continue;
    EXPECT_EQ(Config("2.5").as<double>(), 2.5) << name;
  }
  std::setlocale(LC_NUMERIC, before.c_str());
}

}  // namespace
}  // namespace kclhost
