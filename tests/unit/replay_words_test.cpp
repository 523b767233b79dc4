#include "replay/words.hpp"

#include <gmock/gmock.h>

namespace kclhost::host::replay {
namespace {

using testing::ElementsAre;

TEST(SplitWords, CutsAtBlanksAndKeepsQuotes) {
  EXPECT_THAT(*split_words("  python3 \t a.py\n"), ElementsAre("python3", "a.py"));
  EXPECT_THAT(*split_words(R"(a 'b c' "d e" f\ g)"), ElementsAre("a", "b c", "d e", "f g"));
  EXPECT_THAT(*split_words(R"(a'b'"c"d '' "")"), ElementsAre("abcd", "", ""));
  EXPECT_THAT(*split_words(R"('\n$x' "\"\\\n'" \')"), ElementsAre(R"(\n$x)", R"("\\n')", "'"));
}

TEST(SplitWords, RefusesWhatIsNotFinished) {
  for (const char* command : {"", "   ", "a 'b", "a \"b", "a \"b\\", "a\\"})
    EXPECT_FALSE(split_words(command)) << command;
}

}  // namespace
}  // namespace kclhost::host::replay
