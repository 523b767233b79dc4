#include "observe/flood.hpp"

#include <gtest/gtest.h>

namespace kclhost::host::observe {
namespace {

using namespace std::chrono_literals;

const Flood::Clock::time_point start{1000s};

TEST(Flood, FiftyOfAKindPassInASecondAndTheRestIsCounted) {
  Flood flood;
  int passed = 0;
  for (int i = 0; i < 5'000; ++i)
    passed += flood.passes(3, "record " + std::to_string(i) + " is too old", start + 10ms);
  EXPECT_EQ(passed, 50);
  EXPECT_TRUE(flood.ended(start + 1009ms).empty());
  EXPECT_EQ(flood.due(), start + 1010ms);
  const auto held = flood.ended(start + 1010ms);
  ASSERT_EQ(held.size(), 1u);
  EXPECT_EQ(held[0].lines, 4'950u);
  EXPECT_EQ(held[0].level, 3);
  EXPECT_EQ(held[0].text, "record 4999 is too old");
  EXPECT_TRUE(flood.ended(start + 1h).empty()) << "it is said once";
  EXPECT_EQ(flood.due(), Flood::Clock::time_point::max());
}

TEST(Flood, OtherKindsPass) {
  Flood flood;
  for (int i = 0; i < 1'000; ++i) flood.passes(3, "record too old", start);
  EXPECT_TRUE(flood.passes(3, "the worker was ended", start));
}

TEST(Flood, AQuietSecondBeginsAnew) {
  Flood flood;
  for (int second = 0; second < 10; ++second) {
    for (int i = 0; i < 50; ++i) EXPECT_TRUE(flood.passes(2, "try 1", start + second * 1s));
  }
  EXPECT_TRUE(flood.ended(start + 1h).empty());
}

TEST(Flood, ManyKindsTakeNoMemoryWithoutEnd) {
  Flood flood;
  for (int i = 0; i < 100'000; ++i) {
    std::string text = "kind ";
    for (int rest = i; rest != 0; rest /= 20) text += static_cast<char>('a' + rest % 20);
    flood.passes(2, text, start);
  }
  EXPECT_TRUE(flood.passes(2, "one more", start)) << "what can't be counted passes";
}

}  // namespace
}  // namespace kclhost::host::observe
