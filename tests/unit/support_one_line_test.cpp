#include "support/one_line.hpp"

#include <gtest/gtest.h>

namespace kclhost::host {
namespace {

using namespace std::string_view_literals;

TEST(OneLine, WhatIsTextStaysAsItIs) {
  for (const auto text : {""sv, "a b"sv, "größe 流 \U0001F980"sv, "\u00a0\u00bf"sv}) {
    EXPECT_TRUE(is_one_line(text));
    EXPECT_EQ(one_line(text), text);
  }
}

TEST(OneLine, ControlCharactersAreNamedOrReplaced) {
  EXPECT_EQ(one_line("a\nb\tc\rd\x1b[2J\x7f\0e"sv), "a\\nb\\tc?d?[2J??e");
  EXPECT_EQ(one_line("\u0080\u009b2J\u009f"), "??2J?");
  for (const auto text : {"\n"sv, "\t"sv, "\x7f"sv, "\u0080"sv, "a\u009fb"sv}) EXPECT_FALSE(is_one_line(text));
}

TEST(OneLine, TabsCanStay) {
  std::string out = "> ";
  append_one_line(out, "a\tb\n", Tabs::kept);
  EXPECT_EQ(out, "> a\tb\\n");
}

TEST(OneLine, BytesThatAreNoUtf8AreReplacedOneByOne) {
  EXPECT_EQ(one_line("a\xff\xc2"), "a??");
  EXPECT_EQ(one_line("\xe4\xb8\xffz"), "???z");
  EXPECT_FALSE(is_one_line("\xc2"));
}

}  // namespace
}  // namespace kclhost::host
