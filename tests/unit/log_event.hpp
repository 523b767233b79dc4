// A line of the log, as its readers take it.
#pragma once

#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include <string>

namespace kclhost::host::test {

inline rapidjson::Document parsed(const std::string& line) {
  rapidjson::Document document;
  document.Parse<rapidjson::kParseValidateEncodingFlag>(line.data(), line.size());
  EXPECT_FALSE(document.HasParseError()) << line;
  EXPECT_TRUE(document.IsObject()) << line;
  return document;
}

inline std::string member(const rapidjson::Document& document, const char* name) {
  const auto at = document.FindMember(name);
  return at == document.MemberEnd() ? "(missing)" : std::string(at->value.GetString(), at->value.GetStringLength());
}

}  // namespace kclhost::host::test
