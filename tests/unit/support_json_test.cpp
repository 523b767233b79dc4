#include "support/json.hpp"

#include <gtest/gtest.h>

#include "json_values.hpp"
#include "replay/capture_reader.hpp"
#include "replay/checkpoint_file.hpp"
#include "replay/child_message.hpp"
#include "store/dead_letter_line.hpp"

namespace kclhost::host::json {
namespace {

rapidjson::Document parsed(const std::string& text) {
  rapidjson::Document document;
  const auto fault = parse(text, document);
  EXPECT_FALSE(fault) << text << ": " << fault->str();
  return document;
}

std::string fault_of(const std::string& text, Utf8 utf8 = Utf8::unchecked) {
  rapidjson::Document document;
  const auto fault = parse(text, document, utf8);
  EXPECT_TRUE(document.IsNull());
  return fault ? fault->str() : "none";
}

TEST(Json, NumbersKeepTheirTypes) {
  EXPECT_TRUE(parsed("0").IsInt());
  EXPECT_TRUE(parsed("-0").IsNumber());
  EXPECT_EQ(parsed("-9223372036854775808").GetInt64(), INT64_MIN);
  EXPECT_EQ(parsed("18446744073709551615").GetUint64(), UINT64_MAX);
  EXPECT_FALSE(parsed("18446744073709551615").IsInt64());
  EXPECT_DOUBLE_EQ(parsed("18446744073709551616").GetDouble(), 18446744073709551616.0);
  EXPECT_DOUBLE_EQ(parsed("-1.5e3").GetDouble(), -1500);
  EXPECT_FALSE(parsed("1.0").IsInt64());
  EXPECT_DOUBLE_EQ(parsed("5e-324").GetDouble(), 5e-324);
  EXPECT_DOUBLE_EQ(parsed("1e-400").GetDouble(), 0);
}

TEST(Json, NoNumberDoesHarm) {
  for (const std::string& number : test::harmful_numbers()) {
    rapidjson::Document document;
    const auto fault = parse(number, document);
    EXPECT_TRUE(fault ? fault->what.starts_with("Number too big") : document.IsDouble()) << number;
    std::string text = "{\"a\":" + number + "}";
    EXPECT_EQ(parse_in_place({text.data(), text.size()}, document).has_value(), fault.has_value()) << number;
    (void)parse_first("{\"a\":" + number + "}", document);
  }
}

TEST(Json, NestingHasALimit) {
  const std::string well = std::string(deepest, '[') + std::string(deepest, ']');
  EXPECT_TRUE(parsed(well).IsArray());
  EXPECT_EQ(fault_of('[' + well + ']'), "Nested deeper than 100 levels. (at byte 102)");
  std::string objects;
  for (int i = 0; i < 200'000; ++i) objects += "{\"\":";
  EXPECT_EQ(fault_of(objects).substr(0, 13), "Nested deeper");
  rapidjson::Document document;
  EXPECT_TRUE(parse_first(test::nested_arrays(), document));
}

TEST(Json, SaysWhatIsWrongAndWhere) {
  EXPECT_EQ(fault_of("{\"a\": tru}"), "Invalid value. (at byte 10)");
  EXPECT_EQ(fault_of(""), "The document is empty. (at byte 1)");
  EXPECT_EQ(fault_of("{} x"), "The document root must not be followed by other values. (at byte 4)");
  EXPECT_EQ(fault_of(std::string("{}\0x", 4)), "A NUL byte; write it as \\u0000. (at byte 3)");
  EXPECT_EQ(fault_of("\xef\xbb\xbf{}"), "Invalid value. (at byte 1)");
  EXPECT_EQ(fault_of("\"\xff\"", Utf8::checked), "Not UTF-8. (at byte 2)");
  // A text that ends within a character: nothing behind its NUL may be looked at.
  std::string cut = "[\"\xe1";
  cut += std::string("\0\x80\x80\"]", 5);
  rapidjson::Document document;
  EXPECT_EQ(parse_in_place({cut.data(), 3}, document)->str(), "Not UTF-8. (at byte 3)");
}

TEST(Json, WhatIsWrittenAgainMeansTheSame) {
  std::string plain;
  EXPECT_FALSE(rewrite(" {\"1e-99999\": [ 1.0, -2, 18446744073709551615, 1e-99999999999, \"\\u0000\" ]}", plain));
  EXPECT_EQ(plain, "{\"1e-99999\":[1.0,-2,18446744073709551615,0.0,\"\\u0000\"]}");
  EXPECT_TRUE(rewrite("{", plain));
  EXPECT_TRUE(rewrite(test::nested_arrays(), plain));
  for (const std::string& number : test::harmful_numbers()) {
    if (rewrite(number, plain)) continue;
    EXPECT_LT(plain.size(), 400U) << number;
  }
}

// Everything that reads JSON from outside goes by the same way in.
TEST(Json, NoReaderIsHarmedByWhatItIsGiven) {
  std::vector<std::string> values = test::harmful_numbers();
  values.push_back(test::nested_arrays());
  for (const std::string& value : values) {
    replay::CaptureReader capture("shard", std::nullopt);
    (void)capture.add("> {\"action\":\"leaseLost\",\"more\":" + value + "}");
    EXPECT_FALSE(replay::parse_checkpoint("{\"sequenceNumber\":\"1\",\"subSequenceNumber\":" + value + "}"));
    (void)replay::parse_child_message("{\"action\":\"checkpoint\",\"subSequenceNumber\":" + value + "}");
    EXPECT_FALSE(store::parse_dead_letter("{\"dead_letter\":1,\"attempts\":" + value + "}"));
  }
}

}  // namespace
}  // namespace kclhost::host::json
