#include "launch/properties.hpp"

#include <gtest/gtest.h>

#include "launch/command.hpp"

namespace kclhost::host::launch {
namespace {

std::string value_line(const std::string& value) {
  return format_properties({{"k", value}});
}

TEST(FormatProperties, WritesALineForEach) {
  EXPECT_EQ(format_properties({{"streamName", "words"}, {"applicationName", "app"}}),
            "applicationName=app\nstreamName=words\n");
}

TEST(FormatProperties, EscapesWhatTheReaderWouldTakeForSyntax) {
  EXPECT_EQ(value_line("http://h:1/?a=b#c!d\\e"), "k=http\\://h\\:1/?a\\=b\\#c\\!d\\\\e\n");
}

TEST(FormatProperties, EscapesLeadingBlanksAlone) {
  EXPECT_EQ(value_line("  a b "), "k=\\ \\ a b \n");
}

TEST(FormatProperties, EscapesEveryBlankOfAKey) {
  EXPECT_EQ(format_properties({{"a b:c", "v"}}), "a\\ b\\:c=v\n");
}

TEST(FormatProperties, EscapesControlCharacters) {
  EXPECT_EQ(value_line("a\tb\nc\rd\fe\x01"), "k=a\\tb\\nc\\rd\\fe\\u0001\n");
}

TEST(FormatProperties, EscapesWhatIsNotAsciiAsUtf16) {
  EXPECT_EQ(value_line("gr\u00F6\u00DFe \u20AC \U0001F600"), "k=gr\\u00F6\\u00DFe \\u20AC \\uD83D\\uDE00\n");
}

TEST(FormatProperties, ReplacesWhatIsNotUtf8) {
  EXPECT_EQ(value_line("a\xFFz"), "k=a\\uFFFDz\n");
  EXPECT_EQ(value_line("\xC3"), "k=\\uFFFD\n");          // cut off
  EXPECT_EQ(value_line("\xED\xA0\x80"), "k=\\uFFFD\n");  // a surrogate
  EXPECT_EQ(value_line("\xE0\x80\xAF"), "k=\\uFFFD\n");  // overlong
}

TEST(QuoteForShell, QuotesOnlyWhatNeedsIt) {
  EXPECT_EQ(quote_for_shell({"java", "-Xmx1g", "/opt/jars/*", "it's", ""}), "java -Xmx1g '/opt/jars/*' 'it'\\''s' ''");
}

}  // namespace
}  // namespace kclhost::host::launch
