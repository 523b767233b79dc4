#include "import/java_properties.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/config.hpp"
#include "import/import.hpp"

namespace kclhost::host::importing {
namespace {

using testing::ElementsAre;

// "line:key=value" for each.
std::vector<std::string> read(std::string_view bytes) {
  const auto properties = read_properties(bytes);
  if (!properties) return {"error " + properties.error()};
  std::vector<std::string> all;
  for (const Property& one : *properties) all.push_back(std::to_string(one.line) + ":" + one.key + "=" + one.value);
  return all;
}

TEST(JavaProperties, KeysEndAtABlankAnEqualsSignOrAColon) {
  EXPECT_THAT(read("a=1\nb:2\nc 3\n  d \t = \f 4 \ne\nf==5\n"),
              ElementsAre("1:a=1", "2:b=2", "3:c=3", "4:d=4 ", "5:e=", "6:f==5"));
}

TEST(JavaProperties, CommentsAndEmptyLinesAreNone) {
  EXPECT_THAT(read("# a=1\n  ! b=2\n\n \t\na=#1\n"), ElementsAre("5:a=#1"));
  EXPECT_THAT(read(""), ElementsAre());
}

TEST(JavaProperties, LinesEndInAnyWayAndGoOnBehindABackslash) {
  EXPECT_THAT(read("a=1\r\nb=2\rc=3"), ElementsAre("1:a=1", "2:b=2", "3:c=3"));
  EXPECT_THAT(read("a=1\\\n   2\\\r\n\t3\nb=x\\\\\nc=4\\"), ElementsAre("1:a=123", "4:b=x\\", "5:c=4"));
  EXPECT_THAT(read("a=1\\\n# no comment\n"), ElementsAre("1:a=1# no comment"));
}

TEST(JavaProperties, EscapesAreReplaced) {
  EXPECT_THAT(read("a\\ b\\:\\==\\t\\n\\q\\\\"), ElementsAre("1:a b:==\t\nq\\"));
  EXPECT_THAT(read("a=\\u00e9\\uD83D\\uDE00\\ud83d"), ElementsAre("1:a=\u00e9\U0001F600\uFFFD"));
  EXPECT_THAT(read("a=\xE9"), ElementsAre("1:a=\u00e9"));
}

TEST(JavaProperties, WhatJavaRefusesIsAnErrorWithItsLine) {
  for (const char* text : {"x=1\n\\u", "x=1\na=\\u12", "x=1\na=\\u12g4", "x=1\na=\\u-123"})
    EXPECT_THAT(read(text), ElementsAre(testing::StartsWith("error 2: "))) << text;
}

// Java reads characters that the configuration refuses.
TEST(ImportProperties, WhatTheConfigurationWouldRefuseIsLeftOut) {
  for (const char* value : {"a\\u0000b", "a\\u2028b", "\\u201ca\\u201d", "\xA0", "\\uFEFFa"}) {
    const auto properties = read_properties("streamName=s\napplicationName=" + std::string(value) + "\n");
    ASSERT_TRUE(properties);
    const Imported imported = import_properties(*properties, "old.properties", "my.so");
    const config::Loaded loaded = config::parse(imported.yaml, "kclhost.yaml");
    EXPECT_TRUE(loaded.problems.empty()) << value << ": " << loaded.problems.front().str();
    EXPECT_EQ(loaded.config.daemon.properties.size(), 1u) << value;
    ASSERT_FALSE(imported.remarks.empty()) << value;
    EXPECT_THAT(imported.remarks.front().text, testing::StartsWith("applicationName is left out: it has a"));
  }
}

TEST(ImportProperties, AValueMayBeAWordThatYamlHasAMeaningFor) {
  for (const char* value : {"null", "Null", "NULL", "~", "true", "12", "0x1F", ".inf", "-", "..."}) {
    const auto properties = read_properties("streamName=" + std::string(value) + "\n");
    ASSERT_TRUE(properties);
    const config::Loaded loaded =
        config::parse(import_properties(*properties, "old.properties", "my.so").yaml, "kclhost.yaml");
    EXPECT_TRUE(loaded.problems.empty()) << value << ": " << loaded.problems.front().str();
    EXPECT_EQ(loaded.config.daemon.properties.at("streamName"), value);
  }
}

TEST(ImportProperties, AValueOfBlanksIsNone) {
  const auto properties = read_properties("regionName=\\ \n");
  ASSERT_TRUE(properties);
  const Imported imported = import_properties(*properties, "old.properties", "my.so");
  EXPECT_EQ(imported.yaml.find("regionName"), std::string::npos);
  EXPECT_EQ(imported.remarks.front().text, "regionName is left out: it has no value");
}

TEST(ImportProperties, ARemarkDoesNoHarmToATerminal) {
  const auto properties = read_properties("a\x1b\x7f=1\n");
  ASSERT_TRUE(properties);
  EXPECT_THAT(import_properties(*properties, "old.properties", "my.so").remarks.front().text,
              testing::StartsWith("a?? is left out"));
}

// Java takes the last, whatever it is.
TEST(ImportProperties, TheLastOfTwoCountsThoughItIsUnfit) {
  for (const char* value : {"", "many", "-7"}) {
    const auto properties = read_properties("maxRecords=100\nmaxRecords=" + std::string(value) + "\n");
    ASSERT_TRUE(properties);
    const Imported imported = import_properties(*properties, "old.properties", "my.so");
    EXPECT_THAT(imported.yaml, testing::Not(testing::HasSubstr("maxRecords"))) << value;
    EXPECT_EQ(imported.remarks[0].line, 2u) << value;
    EXPECT_THAT(imported.remarks[1].text, testing::HasSubstr("comes twice")) << value;
  }
}

}  // namespace
}  // namespace kclhost::host::importing
