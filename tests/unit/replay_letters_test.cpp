#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "kclhost/plugin.h"
#include "replay/input.hpp"
#include "store/dead_letter_line.hpp"

namespace kclhost::host::replay {
namespace {

store::DeadLetterOrigin shard(std::string shard_id, std::string stream = "words") {
  return {std::move(stream), "words-app", std::move(shard_id), "com.example.words", "1.0", 1};
}

std::string letter(std::string_view sequence_number, std::int64_t sub = 0, std::string_view data = "data",
                   const store::DeadLetterOrigin& origin = shard("shardId-7")) {
  std::string line;
  store::append_dead_letter(line,
                            {.data = data,
                             .partition_key = "lä\"st",
                             .sequence_number = sequence_number,
                             .sub_sequence_number = sub,
                             .arrival_ms = 1795351310168,
                             .error_code = "FAILED",
                             .error_text = "it ends in }",
                             .attempts = 3},
                            origin);
  return line;
}

Result<Script> read_letters(std::string_view text, Format format = Format::automatic) {
  char name[] = "/tmp/kclhost-letters-XXXXXX";
  const int fd = ::mkstemp(name);
  EXPECT_EQ(::write(fd, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  ::close(fd);
  InputOptions options;
  options.files = {name};
  options.format = format;
  Result<Script> script = read_inputs(options);
  std::remove(name);
  return script;
}

// The error from the line's number on.
std::string error_in_letters(std::string_view text, Format format = Format::automatic) {
  const auto script = read_letters(text, format);
  return script ? "none" : script.error().substr(script.error().find(':'));
}

std::string batch(const Script& script) {
  return script.batches.size() == 1 ? script.batches[0].line : "no single batch";
}

TEST(ReadLetters, KeepsAllThatTheRecordHad) {
  const auto script = read_letters(letter("12", 3, std::string_view("\0\xff\n\"", 4)));
  ASSERT_TRUE(script) << script.error();
  EXPECT_EQ(script->initialize,
            R"({"action":"initialize","shardId":"shardId-7","sequenceNumber":"TRIM_HORIZON","subSequenceNumber":0})"
            "\n");
  EXPECT_EQ(
      batch(*script),
      R"({"action":"processRecords","records":[{"data":"AP8KIg==","partitionKey":"lä\"st","sequenceNumber":"12",)"
      R"("approximateArrivalTimestamp":1795351310168,"subSequenceNumber":3,"action":"record"}],"millisBehindLatest":0})"
      "\n");
}

TEST(ReadLetters, ATimeThatNobodyKnewStaysUnknown) {
  store::DeadLetter untimed;
  untimed.sequence_number = "1";
  untimed.arrival_ms = KCLHOST_NO_TIMESTAMP;
  std::string line;
  store::append_dead_letter(line, untimed, shard("shardId-7"));
  const auto script = read_letters(line);
  ASSERT_TRUE(script) << script.error();
  EXPECT_NE(batch(*script).find(R"("approximateArrivalTimestamp":null)"), std::string::npos);
}

TEST(ReadLetters, AreInTheShardsOrderAndEachOnce) {
  const auto script = read_letters(letter("10") + letter("9", 1) + letter("9", 0) + letter("10"));
  ASSERT_TRUE(script) << script.error();
  ASSERT_EQ(script->batches.size(), 1u);
  EXPECT_EQ(script->batches[0].records, 3u);
  EXPECT_EQ(script->batches[0].last.sequence_number, "10");
  EXPECT_LT(batch(*script).find(R"("subSequenceNumber":0)"), batch(*script).find(R"("subSequenceNumber":1)"));
}

TEST(ReadLetters, ATornLineIsNamed) {
  const std::string whole = letter("1");
  for (const std::size_t kept : {1u, 5u, 20u, 300u}) {
    const std::string message = error_in_letters(whole + letter("2").substr(0, kept));
    EXPECT_TRUE(message.starts_with(":2: a dead letter that is cut short")) << kept << message;
    EXPECT_NE(message.find("show --lines"), std::string::npos);
    EXPECT_EQ(message.find('\n'), std::string::npos);
  }
  EXPECT_TRUE(error_in_letters(whole + letter("2").substr(0, 40) + std::string(9, '\0'))
                  .starts_with(":2: a dead letter that is cut"));
  EXPECT_TRUE(error_in_letters(whole.substr(0, 40)).starts_with(":1: a dead letter that is cut"))
      << "also where it is alone";
}

TEST(ReadLetters, SaysWhereAndWhatIsWrong) {
  const std::string good = letter("1");
  for (const auto& [line, what] : std::initializer_list<std::pair<std::string, std::string_view>>{
           {"{\"text\":\"a\"}", "no dead letter"},
           {"{\"dead_letter\":2,\"stream\":\"a\"}", "no dead letter of a format that this kclhost knows"},
           {"{\"dead_letter\":1,\"stream\":\"a\"}", "application is missing or wrong; correct the line"},
           {letter("LATEST"), "sequence_number must be decimal digits"},
           {letter("2", 0, "data", shard("shardId-8")), "of words, shardId-8 after one of words, shardId-7; give one"},
           {letter("2", 0, "data", shard("shardId-7", "other")), "of other, shardId-7 after one of words"},
           {letter("1", 0, "other"), "another record with the sequence number 1/0"}}) {
    const std::string message = error_in_letters(good + line);
    EXPECT_EQ(message.substr(0, 4), ":2: ");
    EXPECT_NE(message.find(what), std::string::npos) << message;
  }
  EXPECT_NE(error_in_letters("{\"text\":\"a\"}", Format::dead_letters).find("no dead letter"), std::string::npos);
}

TEST(ReadLetters, BlankLinesAndCarriageReturnsSayNothing) {
  std::string line = letter("1");
  line.insert(line.size() - 1, "\r");
  const auto script = read_letters("\xef\xbb\xbf\r\n" + line + "\n \r\n" + letter("2"));
  ASSERT_TRUE(script) << script.error();
  EXPECT_EQ(script->batches[0].records, 2u);
}

}  // namespace
}  // namespace kclhost::host::replay
