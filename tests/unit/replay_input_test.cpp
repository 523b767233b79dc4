#include "replay/input.hpp"

#include <gtest/gtest.h>

#include <string>

#include "text_file.hpp"

namespace kclhost::host::replay {
namespace {

Result<Script> read(std::string_view text, InputOptions options = {}) {
  const TextFile file(text);
  options.files = {file.name()};
  return read_inputs(options);
}

// The error without the file's name.
std::string error(std::string_view text, InputOptions options = {}) {
  const auto script = read(text, options);
  if (script) return "none";
  return script.error().substr(script.error().find(':'));
}

InputOptions as(Format format, std::size_t batch_size = 1000) {
  InputOptions options;
  options.format = format;
  options.batch_size = batch_size;
  return options;
}

constexpr std::string_view record =
    R"({"data":"AP8KIg==","partitionKey":"lä\"st\u001f","sequenceNumber":"12","subSequenceNumber":3,"approximateArrivalTimestamp":1795351310168})";

TEST(ReadInputs, WritesWhatTheDaemonWrites) {
  const auto script = read(record);
  ASSERT_TRUE(script) << script.error();
  EXPECT_EQ(
      script->initialize,
      R"({"action":"initialize","shardId":"shardId-000000000000","sequenceNumber":"TRIM_HORIZON","subSequenceNumber":0})"
      "\n");
  ASSERT_EQ(script->batches.size(), 1u);
  EXPECT_EQ(
      script->batches[0].line,
      R"({"action":"processRecords","records":[{"data":"AP8KIg==","partitionKey":"lä\"st\u001F","sequenceNumber":"12",)"
      R"("approximateArrivalTimestamp":1795351310168,"subSequenceNumber":3,"action":"record"}],"millisBehindLatest":0})"
      "\n");
  EXPECT_EQ(script->batches[0].data_bytes, 4u);
  ASSERT_EQ(script->endings.size(), 2u);
  EXPECT_EQ(script->endings[0].line, "{\"action\":\"shutdownRequested\"}\n");
  EXPECT_EQ(script->endings[1].line, "{\"action\":\"leaseLost\"}\n");
}

TEST(ReadInputs, LinesAreDataWhateverTheyHold) {
  const auto script = read(std::string_view("# title\n\n\xff\0z\r\nlast", 18), as(Format::lines, 2));
  ASSERT_TRUE(script) << script.error();
  ASSERT_EQ(script->batches.size(), 2u);
  EXPECT_NE(script->batches[0].line.find(R"("data":"IyB0aXRsZQ==")"), std::string::npos);
  EXPECT_EQ(script->batches[0].records, 2u);  // what is empty is left out
  EXPECT_NE(script->batches[0].line.find(R"("millisBehindLatest":1000)"), std::string::npos);
  EXPECT_NE(script->batches[0].line.find(R"("data":"/wB6DQ==")"), std::string::npos);
  EXPECT_NE(script->batches[1].line.find(R"("data":"bGFzdA==")"), std::string::npos);
}

TEST(ReadInputs, NullDataAndTimestampsStayNull) {
  const auto script = read(R"({"data":null,"approximateArrivalTimestamp":null})");
  ASSERT_TRUE(script) << script.error();
  EXPECT_NE(script->batches[0].line.find(R"({"data":null,)"), std::string::npos);
  EXPECT_NE(script->batches[0].line.find(R"("approximateArrivalTimestamp":null)"), std::string::npos);
}

TEST(ReadInputs, MembersThatSayNothingHereAreOverlooked) {
  EXPECT_TRUE(read(R"({"text":"a","explicitHashKey":"1","action":"record"})"));
}

TEST(ReadInputs, NoRecordsAreNoBatches) {
  EXPECT_TRUE(read("")->batches.empty());
  EXPECT_TRUE(read("\n\n")->batches.empty());
}

TEST(ReadInputs, CutsBatchesAsKinesisDoes) {
  const std::string line = "{\"text\":\"" + std::string(4 << 20, 'x') + "\"}\n";
  const auto script = read(line + line + line);
  ASSERT_TRUE(script) << script.error();
  ASSERT_EQ(script->batches.size(), 2u);
  EXPECT_EQ(script->batches[0].records, 2u);
  EXPECT_EQ(script->batches[1].records, 1u);
  EXPECT_EQ(script->batches[1].data_bytes, 4u << 20);
}

TEST(ReadInputs, SaysWhereAndWhatIsWrong) {
  const std::string good = "{\"text\":\"\"}\n";
  EXPECT_EQ(error("{\"text\":\"\"}\n\n{\"text\":1}"), ":3: text must be a string");
  EXPECT_EQ(error("plain text"),
            ":1: neither a JSON record nor a captured message; to send each line as it is, add --format lines");
  for (const auto& [line, what] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
           {"{\"text\":\"a}", "not JSON at byte"},
           {"[]", "no JSON object"},
           {"{}", "neither data"},
           {R"({"data":"","text":""})", "both data and text"},
           {R"({"data":"Zg"})", "not base64"},
           {R"({"dta":""})", "unknown member 'dta'"},
           {R"({"text":"","sequenceNumber":12})", "sequenceNumber must be"},
           {R"({"text":"","subSequenceNumber":1})", "subSequenceNumber without"},
           {R"({"text":"","sequenceNumber":"1"})", "not after"},
           {R"({"text":"\ud800"})", "not JSON"},
           {"{\"text\":\"\xff\"}", "not JSON"},
           {std::string_view("{\"text\":\"\"}\0{", 13), "A NUL byte"}}) {
    const std::string message = error(good + std::string(line));
    EXPECT_EQ(message.substr(0, 4), ":2: ");
    EXPECT_NE(message.find(what), std::string::npos) << message;
  }
  InputOptions missing;
  missing.files = {"/no/such/file"};
  EXPECT_EQ(read_inputs(missing).error(), "/no/such/file: cannot be read: No such file or directory");
}

TEST(ReadInputs, SequenceNumbersMustRise) {
  EXPECT_EQ(error(R"({"text":"","sequenceNumber":"9"})"
                  "\n"
                  R"({"text":"","sequenceNumber":"9","subSequenceNumber":1})"
                  "\n"
                  R"({"text":"","sequenceNumber":"10"})"),
            "none");
  EXPECT_NE(error(R"({"text":"","sequenceNumber":"10"})"
                  "\n"
                  R"({"text":"","sequenceNumber":"9"})")
                .find(":2: sequenceNumber is not after"),
            std::string::npos);
}

TEST(ReadInputs, ResumesAfterTheCheckpoint) {
  InputOptions options = as(Format::lines, 2);
  const auto whole = read("a\nb\nc\nd\n", options);
  options.resume = whole->batches[0].last;
  const auto rest = read("a\nb\nc\nd\n", options);
  ASSERT_EQ(rest->batches.size(), 1u);
  EXPECT_EQ(rest->batches[0].last.sequence_number, whole->batches[1].last.sequence_number);
  EXPECT_NE(rest->initialize.find(whole->batches[0].last.sequence_number), std::string::npos);
  EXPECT_EQ(rest->start.sequence_number, whole->batches[0].last.sequence_number);
}

constexpr std::string_view capture =
    "> {\"action\":\"initialize\",\"shardId\":\"shardId-7\",\"sequenceNumber\":\"5\",\"subSequenceNumber\":0}\n"
    "< {\"action\": \"status\", \"responseFor\": \"initialize\"}\n"
    "> {\"records\": [ {\"sequenceNumber\":\"9\",\"data\":\"YQ==\"},{\"sequenceNumber\":\"9\",\"subSequenceNumber\":1,"
    "\"data\":\"YWI=\"}],\"millisBehindLatest\":3, \"action\":\"processRecords\"}\n"
    "< {\"action\": \"checkpoint\", \"sequenceNumber\": null}\n"
    "> {\"action\":\"checkpoint\",\"sequenceNumber\":null,\"subSequenceNumber\":null,\"error\":null}\n"
    "> {\"action\":\"processRecords\",\"records\":[],\"millisBehindLatest\":0}\n"
    "> {\"action\":\"shutdown\",\"reason\":\"TERMINATE\"}\n"
    "# stdin closed\n";

TEST(ReadInputs, PlaysACaptureByteForByte) {
  const auto script = read(capture);
  ASSERT_TRUE(script) << script.error();
  EXPECT_EQ(script->start.sequence_number, "5");
  EXPECT_EQ(script->initialize,
            "{\"action\":\"initialize\",\"shardId\":\"shardId-7\",\"sequenceNumber\":\"5\",\"subSequenceNumber\":0}\n");
  ASSERT_EQ(script->batches.size(), 2u);
  EXPECT_NE(capture.find("> " + script->batches[0].line), std::string_view::npos);
  EXPECT_EQ(script->batches[0].records, 2u);
  EXPECT_EQ(script->batches[0].data_bytes, 3u);
  EXPECT_EQ(script->batches[0].last.sub_sequence_number, 1);
  EXPECT_EQ(script->batches[1].records, 0u);
  ASSERT_EQ(script->endings.size(), 1u);
  EXPECT_EQ(script->endings[0].action, "shutdown");
  EXPECT_TRUE(script->endings[0].ends_shard);
}

TEST(ReadInputs, ACaptureNeedsNoPrefixes) {
  std::string bare;
  for (std::size_t begin = 0; begin < capture.size();) {
    const std::size_t end = capture.find('\n', begin);
    if (capture[begin] == '>') bare += capture.substr(begin + 2, end - begin - 1);
    begin = end + 1;
  }
  const auto script = read(bare);
  ASSERT_TRUE(script) << script.error();
  EXPECT_EQ(script->batches.size(), 2u);
  EXPECT_EQ(script->endings.size(), 1u);
}

TEST(ReadInputs, ACaptureCanEndOtherwise) {
  InputOptions options;
  options.end = End::lease_lost;
  const auto script = read(capture, options);
  ASSERT_EQ(script->endings.size(), 1u);
  EXPECT_EQ(script->endings[0].action, "leaseLost");
}

TEST(ReadInputs, ACaptureResumesInsideABatch) {
  InputOptions options;
  options.resume = Position{"9", 0};
  const auto script = read(capture, options);
  ASSERT_TRUE(script) << script.error();
  EXPECT_EQ(script->initialize,
            "{\"action\":\"initialize\",\"shardId\":\"shardId-7\",\"sequenceNumber\":\"9\",\"subSequenceNumber\":0}\n");
  EXPECT_EQ(script->batches[0].line,
            R"({"action":"processRecords","records":[{"data":"YWI=","partitionKey":"","sequenceNumber":"9",)"
            R"("approximateArrivalTimestamp":null,"subSequenceNumber":1,"action":"record"}],"millisBehindLatest":3})"
            "\n");
}

TEST(ReadInputs, ACaptureIsOneConversation) {
  EXPECT_NE(error(std::string(capture) + std::string(capture)).find(":9: a second conversation"), std::string::npos);
  EXPECT_NE(error("> {\"action\":\"leaseLost\"}\n> {\"action\":\"processRecords\",\"records\":[]}\n")
                .find(":2: processRecords after leaseLost"),
            std::string::npos);
  EXPECT_NE(error("> {\"action\":\"bogus\"}\n").find(":1: unknown action 'bogus'"), std::string::npos);
  EXPECT_NE(error("> {\"action\":\"leaseLost\"}\n> {\n").find(":2: no message"), std::string::npos);
  const TextFile file(capture);
  InputOptions two;
  two.files = {file.name(), file.name()};
  EXPECT_FALSE(read_inputs(two));
}

}  // namespace
}  // namespace kclhost::host::replay
