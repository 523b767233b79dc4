// What the packaged libraries are known to have stumbled over does no harm by the way kclhost calls them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/config.hpp"
#include "json_values.hpp"

namespace kclhost::host {
namespace {

std::string repeated(std::string_view text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

// yaml-cpp reads what is nested by calling itself.
TEST(YamlCpp, NestingEndsNoProcess) {
  constexpr std::size_t many = 200'000;
  for (const std::string_view level : {"[", "{", "- ", "? ", "[{", "{a: ", "[a: ", "!t [", "&a [", "[? "}) {
    for (const char* before : {"", "plugin: ", "version: 1\nplugin:\n  config: "}) {
      const config::Loaded loaded = config::parse(before + repeated(level, many), "k.yaml");
      EXPECT_FALSE(loaded.problems.empty()) << level;
    }
  }
  std::string indented;
  for (std::size_t depth = 0; depth < 1000; ++depth) indented += std::string(depth, ' ') + "a:\n";
  EXPECT_FALSE(config::parse(indented, "k.yaml").problems.empty());
}

TEST(YamlCpp, OddTokensEndNoProcess) {
  for (const std::string_view token :
       {"!", "&",  "*",  "%",  "|",  ">",  "'",          "\"",          "<<: ",   "--- ", "...\n",
        "#", "\t", "\r", ": ", ", ", "!<", "%TAG ! !\n", "%YAML 1.2\n", "&a *a ", "? : "}) {
    const std::string many = repeated(token, 5'000);
    (void)config::parse(many, "k.yaml");
    (void)config::parse("version: 1\nplugin: {path: " + many, "k.yaml");
  }
}

TEST(YamlCpp, NumbersArePassedOnAsTheyAre) {
  for (const std::string& number : test::harmful_numbers()) {
    (void)config::parse("version: 1\nconcurrency: " + number + "\nplugin: {path: a.so, config: {n: " + number + "}}\n",
                        "k.yaml");
  }
}

}  // namespace
}  // namespace kclhost::host
