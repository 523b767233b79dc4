#include <gtest/gtest.h>

#include <string>

#include "support/base64.hpp"

namespace kclhost::host::base64 {
namespace {

std::string encoded(std::string_view bytes) {
  std::string text = "kept:";
  encode(bytes, text);
  EXPECT_EQ(text.substr(0, 5), "kept:");
  return text.substr(5);
}

std::optional<std::string> decoded(std::string_view text) {
  std::string bytes(text.size() + 4, '\0');
  const auto size = decode(text, bytes.data());
  if (!size) return std::nullopt;
  return bytes.substr(0, *size);
}

TEST(Base64, EncodesTheExamplesOfTheStandard) {
  EXPECT_EQ(encoded(""), "");
  EXPECT_EQ(encoded("f"), "Zg==");
  EXPECT_EQ(encoded("fo"), "Zm8=");
  EXPECT_EQ(encoded("foo"), "Zm9v");
  EXPECT_EQ(encoded("foobar"), "Zm9vYmFy");
}

TEST(Base64, GivesBackEveryByteAtEveryLength) {
  std::string bytes;
  for (int i = 0; i < 600; ++i) {
    bytes += static_cast<char>(i * 37 + i / 256);
    ASSERT_EQ(decoded(encoded(bytes)), bytes) << i;
  }
}

TEST(Base64, RefusesWhatIsNotStrict) {
  for (const char* text : {"Z", "Zg", "Zg=", "Zg===", "====", "Z===", "Zm9vZg", "Zm 9", "Zm9\n", "Zm9-", "Zm9_",
                           "Zg==Zg==", "=Zg=", "Z=g=", "Zh==", "Zm9=", "Zm\xff\xff",
                           "Zm9v\xc3\xa4"
                           "ab"}) {
    EXPECT_EQ(decoded(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace kclhost::host::base64
