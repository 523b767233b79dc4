// Text for logs and messages.
#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include <string>

#include "support/excerpt.hpp"
#include "support/json_string.hpp"

namespace kclhost::host {
namespace {

TEST(Excerpt, PrintableTextIsItself) {
  EXPECT_EQ(excerpt("{\"a\": ~}"), "{\"a\": ~}");
}

TEST(Excerpt, EverythingElseIsHex) {
  EXPECT_EQ(excerpt(std::string_view("\0\n\x1b\x7f\x80\xff\\", 7)), "\\x00\\x0a\\x1b\\x7f\\x80\\xff\\x5c");
}

TEST(Excerpt, SaysThatItIsCut) {
  EXPECT_EQ(excerpt("abcde", 5), "abcde");
  EXPECT_EQ(excerpt("abcdef", 5), "abcde...");
  EXPECT_EQ(excerpt(std::string(1000, 'x')), std::string(40, 'x') + "...");
}

std::string json_string(std::string_view text) {
  std::string out = "before ";
  append_json_string(out, text);
  EXPECT_TRUE(out.starts_with("before "));
  return out.substr(7);
}

TEST(JsonString, Escapes) {
  EXPECT_EQ(json_string("plain"), "\"plain\"");
  EXPECT_EQ(json_string(""), "\"\"");
  EXPECT_EQ(json_string("\"\\/\n\t\r\x01\x1f"), "\"\\\"\\\\/\\n\\t\\u000d\\u0001\\u001f\"");
  EXPECT_EQ(json_string(std::string_view("\0", 1)), "\"\\u0000\"");
}

// Every Unicode character comes back as it was; every other sequence of up to three bytes becomes valid text.
TEST(JsonString, UnicodeStaysAsItIs) {
  rapidjson::Document all;
  for (unsigned code = 0; code <= 0x10ffff; code += code < 0x3000 ? 1 : 0x3f) {
    if (code >= 0xd800 && code < 0xe000) continue;
    std::string text;
    if (code < 0x80) {
      text += static_cast<char>(code);
    } else if (code < 0x800) {
      text += {static_cast<char>(0xc0 | code >> 6), static_cast<char>(0x80 | (code & 63))};
    } else if (code < 0x10000) {
      text += {static_cast<char>(0xe0 | code >> 12), static_cast<char>(0x80 | (code >> 6 & 63)),
               static_cast<char>(0x80 | (code & 63))};
    } else {
      text += {static_cast<char>(0xf0 | code >> 18), static_cast<char>(0x80 | (code >> 12 & 63)),
               static_cast<char>(0x80 | (code >> 6 & 63)), static_cast<char>(0x80 | (code & 63))};
    }
    all.Parse<rapidjson::kParseValidateEncodingFlag>(json_string(text).c_str());
    ASSERT_FALSE(all.HasParseError()) << code;
    ASSERT_EQ(std::string(all.GetString(), all.GetStringLength()), text) << code;
  }
}

TEST(JsonString, AnyBytesMakeValidJson) {
  rapidjson::Document document;
  for (unsigned bytes = 0; bytes < 1u << 24; bytes += bytes < 0x10000 ? 7 : 1021) {
    const std::string text = {static_cast<char>(bytes), static_cast<char>(bytes >> 8), static_cast<char>(bytes >> 16),
                              'z'};
    document.Parse<rapidjson::kParseValidateEncodingFlag>(json_string(text).c_str());
    ASSERT_FALSE(document.HasParseError()) << std::hex << bytes << ' ' << json_string(text);
    ASSERT_EQ(document.GetString()[document.GetStringLength() - 1], 'z') << "swallowed what follows";
  }
}

TEST(JsonString, WhatIsNoTextIsReplaced) {
  for (const char* bad : {"\xc0\xaf", "\xe0\x80\xaf", "\xf0\x80\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff",
                          "\x80", "\xe2\x82", "\xf0\x9f\x98"}) {
    EXPECT_EQ(json_string(bad).find_first_not_of("\"\\ufd"), std::string::npos) << json_string(bad);
  }
}

}  // namespace
}  // namespace kclhost::host
