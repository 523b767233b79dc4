#include "protocol/string_end.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace kclhost::host::protocol {
namespace {

// Where every kernel that the processor can do finds the end, and what the decoder calls; they say the same.
std::size_t end_of(const std::string& text) {
  // Exactly as much memory as is needed, so that a sanitizer sees a step too far.
  const std::vector<char> bytes = [&] {
    const std::size_t end = static_cast<std::size_t>(string_end_by_bytes(text.c_str()) - text.c_str());
    std::vector<char> all(text.begin(), text.end());
    all.resize(end + string_end_overread, '"');
    return all;
  }();
  const auto expected = static_cast<std::size_t>(string_end_by_bytes(bytes.data()) - bytes.data());
  for (const StringEndKernel& kernel : string_end_kernels()) {
    if (!kernel.usable) continue;
    EXPECT_EQ(kernel.end(bytes.data()) - bytes.data(), expected) << kernel.name << ": " << text;
  }
  EXPECT_EQ(string_end(bytes.data()) - bytes.data(), expected) << text;
  EXPECT_EQ(long_string_end(bytes.data()) - bytes.data(), expected) << text;
  return expected;
}

TEST(StringEnd, EveryByteAtEveryPlace) {
  for (std::size_t at = 0; at < 200; ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string text(at, 'x');
      text += static_cast<char>(byte);
      const bool ends = byte < 0x20 || byte == '"' || byte == '\\';
      text += "yy\"";
      ASSERT_EQ(end_of(text), ends ? at : at + 3) << "byte " << byte << " at " << at;
    }
  }
}

TEST(StringEnd, TheFirstOfSeveral) {
  for (std::size_t first = 0; first < 150; ++first) {
    for (std::size_t second = first + 1; second < 150; ++second) {
      std::string text(150, '~');
      text[first] = '\\';
      text[second] = '"';
      ASSERT_EQ(end_of(text), first);
    }
  }
}

TEST(StringEnd, TextThatIsNotAscii) {
  EXPECT_EQ(end_of("größe\xff\x80\xa2\xdc\""), 11u);
}

TEST(StringEnd, TheLastKernelLooksAtBytes) {
  EXPECT_STREQ(string_end_kernels().back().name, "bytes");
  EXPECT_TRUE(string_end_kernels().back().usable);
}

}  // namespace
}  // namespace kclhost::host::protocol
