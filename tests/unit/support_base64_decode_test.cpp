#include "support/base64_decode.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "support/base64.hpp"

namespace kclhost::host {
namespace {

std::optional<std::string> decoded_by(const Base64Kernel& kernel, std::string_view text) {
  // Exactly as much memory as is needed, so that a sanitizer sees a step too far.
  std::vector<char> bytes(text.begin(), text.end());
  bytes.push_back('"');
  bytes.resize(text.size() + base64_overreach, 'A');
  std::vector<char> to(text.size() / 4 * 3 + base64_overreach);
  const DecodedBase64 result = decode_base64(bytes.data(), to.data(), kernel);
  EXPECT_LE(result.end, bytes.data() + text.size());
  if (result.end != bytes.data() + text.size()) return std::nullopt;
  return std::string(to.data(), result.size);
}

// By every kernel that the processor can do: they say the same.
std::optional<std::string> decoded(std::string_view text) {
  const Base64Kernel& reference = base64_kernels().back();
  const std::optional<std::string> expected = decoded_by(reference, text);
  for (const Base64Kernel& kernel : base64_kernels()) {
    if (!kernel.usable) continue;
    EXPECT_EQ(decoded_by(kernel, text), expected) << kernel.name << ": " << text;
  }
  return expected;
}

TEST(Base64Decode, AllLengths) {
  std::string bytes;
  for (std::size_t size = 0; size <= 300; ++size) {
    std::string text;
    base64::encode(bytes, text);
    ASSERT_EQ(decoded(text), bytes) << "of " << size << " bytes";
    bytes += static_cast<char>(size * 151 + 17);
  }
}

TEST(Base64Decode, AllTriplesOfTwoBytes) {
  for (unsigned value = 0; value < 0x10000; ++value) {
    const std::string bytes = {static_cast<char>(value >> 8), static_cast<char>(value)};
    std::string text;
    base64::encode(bytes, text);
    ASSERT_EQ(decoded(text), bytes);
  }
}

TEST(Base64Decode, WithoutAKernelNamed) {
  const char text[base64_overreach + 8] = "Zm9vYmE=";
  char to[base64_overreach + 8];
  const DecodedBase64 result = decode_base64(text, to);
  EXPECT_EQ(std::string(to, result.size), "fooba");
  EXPECT_EQ(result.end, text + 8);
}

TEST(Base64Decode, TheTestVectorsOfRfc4648) {
  EXPECT_EQ(decoded(""), "");
  EXPECT_EQ(decoded("Zg=="), "f");
  EXPECT_EQ(decoded("Zm8="), "fo");
  EXPECT_EQ(decoded("Zm9v"), "foo");
  EXPECT_EQ(decoded("Zm9vYg=="), "foob");
  EXPECT_EQ(decoded("Zm9vYmE="), "fooba");
  EXPECT_EQ(decoded("Zm9vYmFy"), "foobar");
}

TEST(Base64Decode, EveryInvalidByteAtEveryPosition) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (const std::string whole : {"YWJj", "YWJjYWJj", "YWJjYWJjYWJj"}) {
    for (std::size_t at = 0; at < whole.size(); ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        if (alphabet.find(static_cast<char>(byte)) != std::string_view::npos) continue;
        if (byte == '=' && at == whole.size() - 1) continue;  // padding
        std::string text = whole;
        text[at] = static_cast<char>(byte);
        EXPECT_EQ(decoded(text), std::nullopt) << "byte " << byte << " at " << at << " of " << whole;
      }
    }
  }
}

// Long enough for vectors.
TEST(Base64Decode, EveryInvalidByteAtEveryPositionOfALongText) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (const std::size_t size : {32u, 36u, 64u, 100u, 128u, 132u}) {
    std::string whole;
    for (std::size_t i = 0; i < size; ++i) whole += alphabet[i * 7 % 64];
    ASSERT_TRUE(decoded(whole));
    for (std::size_t at = 0; at < size; ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        const bool valid = alphabet.find(static_cast<char>(byte)) != std::string_view::npos;
        std::string text = whole;
        text[at] = static_cast<char>(byte);
        const bool padding = byte == '=' && at == size - 1;
        EXPECT_EQ(decoded(text).has_value(), valid || padding) << "byte " << byte << " at " << at << " of " << size;
      }
    }
  }
}

TEST(Base64Decode, InvalidBytesBesidePadding) {
  for (int byte = 0; byte < 256; ++byte) {
    if (std::isalnum(byte) || byte == '+' || byte == '/') continue;
    const char c = static_cast<char>(byte);
    for (const std::string& text :
         {std::string{c, 'Q', '=', '='}, {'Y', c, '=', '='}, {c, 'W', 'I', '='}, {'Y', c, 'I', '='}}) {
      EXPECT_EQ(decoded(text), std::nullopt) << text;
    }
    if (c != '=') {
      EXPECT_EQ(decoded(std::string{'Y', 'W', c, '='}), std::nullopt) << byte;
    }
  }
}

TEST(Base64Decode, PaddingOnlyWhereItBelongs) {
  for (const char* text :
       {"=",    "==",       "===",      "====",  "Y",      "YQ",      "YQ=",      "Y===",  "=YQ=",   "Y=Q=",
        "YQ=Q", "YQ==YQ==", "YWI=YWJj", "YWJj=", "YWJj==", "YWJj===", "YWJj====", "YWJjY", "YWJjYQ", "YWJjYQ="}) {
    EXPECT_EQ(decoded(text), std::nullopt) << text;
  }
}

// Bits that padding leaves over are dropped, as the JDK's decoder does: nothing of the data is in them.
TEST(Base64Decode, LeftoverBitsAreDropped) {
  EXPECT_EQ(decoded("YR=="), "a");
  EXPECT_EQ(decoded("Yf=="), "a");
  EXPECT_EQ(decoded("YWJ="), "ab");
  EXPECT_EQ(decoded("YWL="), "ab");
}

}  // namespace
}  // namespace kclhost::host
