// Lines that no daemon sends: each is refused, by what is wrong and where; none is guessed at.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core_messages.hpp"
#include "protocol/message.hpp"

namespace kclhost::host::protocol {
namespace {

using test::Decoder;
using testing::Test;

std::string batch_of(const std::string& records) {
  return R"({"action":"processRecords","records":[)" + records + R"(],"millisBehindLatest":0})";
}
std::string record_with(const std::string& members) {
  return batch_of("{" + members + "}");
}

struct Case {
  std::string name, line, why;
};

class Malformed : public testing::TestWithParam<Case> {};

TEST_P(Malformed, IsRefused) {
  Decoder decode;
  const std::string error = decode.error(GetParam().line);
  EXPECT_NE(error.find(GetParam().why), std::string::npos) << "said \"" << error << "\" of " << GetParam().line;
  EXPECT_NE(error.find(" at byte "), std::string::npos) << error;
  EXPECT_NE(error.find(" of " + std::to_string(GetParam().line.size())), std::string::npos) << error;
}

const std::vector<Case> cases = {
    {"NotJson", "hello", "Invalid value"},
    {"Empty", "", "document is empty"},
    {"OnlyBlanks", "   ", "document is empty"},
    {"ANumber", "5", "not a JSON object"},
    {"AString", R"("action")", "wrong type"},
    {"Null", "null", "not a JSON object"},
    {"AnArray", "[]", "not a JSON object"},
    {"AnArrayOfMessages", R"([{"action":"leaseLost"}])", "not a JSON object"},
    {"TwoMessages", R"({"action":"leaseLost"}{"action":"leaseLost"})", "root"},
    {"TextBehind", R"({"action":"leaseLost"} x)", "root"},
    {"NulBehind", std::string(R"({"action":"leaseLost"})") + '\0' + "garbage", "NUL"},
    {"NulInside", std::string("{\"action\":") + '\0' + "\"leaseLost\"}", ""},
    {"NulInAString", std::string("{\"action\":\"lease") + '\0' + "Lost\"}", ""},
    {"ControlCharacterInAString", "{\"action\":\"lease\tLost\"}", ""},
    {"TrailingComma", R"({"action":"leaseLost",})", "Missing a name"},
    {"SingleQuotes", R"({'action':'leaseLost'})", "Missing a name"},
    {"NoAction", "{}", "no action"},
    {"ActionNull", R"({"action":null})", "action is null"},
    {"ActionNumber", R"({"action":1})", "wrong type"},
    {"ActionObject", R"({"action":{}})", "wrong type"},
    {"ActionUnknown", R"({"action":"restart"})", "an action that kclhost does not know"},
    {"ActionInAnotherCase", R"({"action":"LeaseLost"})", "an action that kclhost does not know"},
    {"InitializeWithoutShard", R"({"action":"initialize","sequenceNumber":"1"})", "initialize without a shardId"},
    {"InitializeShardNumber", R"({"action":"initialize","shardId":5})", "wrong type"},
    {"SequenceNumberIsANumber", R"({"action":"initialize","shardId":"s","sequenceNumber":5})", "wrong type"},
    {"SubSequenceNumberIsAString", R"({"action":"initialize","shardId":"s","subSequenceNumber":"5"})", "wrong type"},
    {"SubSequenceNumberIsAFraction", R"({"action":"initialize","shardId":"s","subSequenceNumber":1.5})", "wrong type"},
    {"ErrorIsAnObject", R"({"action":"checkpoint","error":{}})", "wrong type"},
    {"ErrorIsTrue", R"({"action":"checkpoint","error":true})", "wrong type"},
    {"ShutdownWithoutReason", R"({"action":"shutdown"})", "neither TERMINATE nor ZOMBIE"},
    {"ShutdownForAnotherReason", R"({"action":"shutdown","reason":"REQUESTED"})", "neither TERMINATE nor ZOMBIE"},
    {"NoRecords", R"({"action":"processRecords","millisBehindLatest":0})", "processRecords without records"},
    {"RecordsNull", R"({"action":"processRecords","records":null})", "records is null"},
    {"RecordsObject", R"({"action":"processRecords","records":{}})", "wrong type"},
    {"RecordsString", R"({"action":"processRecords","records":""})", "wrong type"},
    {"RecordsTwice", R"({"action":"processRecords","records":[],"records":[]})", "records stands twice"},
    {"MillisIsAString", R"({"action":"processRecords","records":[],"millisBehindLatest":"0"})", "wrong type"},
    {"MillisIsTooLarge", R"({"action":"processRecords","records":[],"millisBehindLatest":9223372036854775808})",
     "wrong type"},
    {"MillisIsFarTooLarge", R"({"action":"processRecords","records":[],"millisBehindLatest":1e400})", "too big"},
    {"ARecordIsNull", batch_of("null"), "records is null"},
    {"ARecordIsANumber", batch_of("1"), "wrong type"},
    {"ARecordIsAnArray", batch_of("[]"), "wrong type"},
    {"ALaterRecordIsNull", batch_of(R"({"sequenceNumber":"1","action":"record"},null)"), "records is null"},
    {"ALaterRecordIsANumber", batch_of(R"({"sequenceNumber":"1","subSequenceNumber":0},7)"), "wrong type"},
    {"ALaterRecordIsAString", batch_of(R"({"sequenceNumber":"1","action":"record"},"YQ==")"), "wrong type"},
    {"ALaterRecordIsAnArray", batch_of(R"({"sequenceNumber":"1","action":"record"},[{"sequenceNumber":"2"}])"),
     "wrong type"},
    {"ALaterRecordIsTrue", batch_of(R"({"sequenceNumber":"1","action":"record"},true)"), "wrong type"},
    {"NoSequenceNumber", record_with(R"("data":"YQ==")"), "a record has no sequenceNumber"},
    {"SequenceNumberNull", record_with(R"("sequenceNumber":null)"), "sequenceNumber is null"},
    {"SequenceNumberANumber", record_with(R"("sequenceNumber":12)"), "wrong type"},
    {"DataANumber", record_with(R"("sequenceNumber":"1","data":1)"), "wrong type"},
    {"DataAnObject", record_with(R"("sequenceNumber":"1","data":{})"), "wrong type"},
    {"DataFalse", record_with(R"("sequenceNumber":"1","data":false)"), "wrong type"},
    {"DataCutShort", record_with(R"("sequenceNumber":"1","data":"YQ=")"), "data is not base64"},
    {"DataUnpadded", record_with(R"("sequenceNumber":"1","data":"YQ")"), "data is not base64"},
    {"DataPaddedInside", record_with(R"("sequenceNumber":"1","data":"YQ==YQ==")"), "data is not base64"},
    {"DataOnlyPadding", record_with(R"("sequenceNumber":"1","data":"====")"), "data is not base64"},
    {"DataUrlAlphabet", record_with(R"("sequenceNumber":"1","data":"-_-_")"), "data is not base64"},
    {"DataWithALineBreak", record_with(R"("sequenceNumber":"1","data":"YWJj\nYWJj")"), "data is not base64"},
    {"DataWithABlank", record_with(R"("sequenceNumber":"1","data":"YWJ ")"), "data is not base64"},
    {"PartitionKeyANumber", record_with(R"("sequenceNumber":"1","partitionKey":1)"), "wrong type"},
    {"PartitionKeyAnArray", record_with(R"("sequenceNumber":"1","partitionKey":["k"])"), "wrong type"},
    {"ArrivalAString", record_with(R"("sequenceNumber":"1","approximateArrivalTimestamp":"now")"), "wrong type"},
    {"ArrivalAFraction", record_with(R"("sequenceNumber":"1","approximateArrivalTimestamp":0.5)"), "wrong type"},
    {"SubSequenceTooLarge", record_with(R"("sequenceNumber":"1","subSequenceNumber":18446744073709551615)"),
     "wrong type"},
    {"LoneSurrogate", record_with(R"("sequenceNumber":"1","partitionKey":"\ud83d")"), "surrogate"},
    {"HalfAnEscape", record_with(R"("sequenceNumber":"1","partitionKey":"\u00e")"), "hex digit"},
    {"UnknownEscape", record_with(R"("sequenceNumber":"1","partitionKey":"\x41")"), "escape"},
    {"DeepArrays", "{\"x\":" + std::string(100'000, '[') + std::string(100'000, ']') + "}", "nested too deeply"},
    {"DeepObjects",
     [] {
       std::string line;
       for (int i = 0; i < 10'000; ++i) line += "{\"x\":";
       return line + "1" + std::string(10'000, '}');
     }(),
     "nested too deeply"},
    {"DeepInARecord", record_with("\"sequenceNumber\":\"1\",\"x\":" + std::string(10'000, '[')), "nested too deeply"},
};
INSTANTIATE_TEST_SUITE_P(Line, Malformed, testing::ValuesIn(cases), [](const auto& test) { return test.param.name; });

TEST(MalformedLine, CutShortAnywhere) {
  for (const std::string& line : test::all_daemon_lines()) {
    Decoder decode;
    for (std::size_t size = 0; size < line.size(); ++size) {
      ASSERT_NE(decode.error(line.substr(0, size)), "") << size << " bytes of " << line;
    }
    EXPECT_EQ(decode.error(line), "");
  }
}

// What is wrong behind records that were read already, with its position.
TEST(MalformedLine, BehindUsualRecords) {
  const std::string head = R"({"action":"processRecords","records":[)";
  const std::string usual = R"({"data":"YWJj","partitionKey":"k","sequenceNumber":"1","approximateArrivalTimestamp":1,)"
                            R"("subSequenceNumber":0,"action":"record"})";
  struct Ending {
    std::string behind, why;
    std::size_t offset;
  };
  for (const Ending& wrong : {Ending{"", "Missing a comma or ']' after an array element.", 0},
                              {"x", "Missing a comma or ']' after an array element.", 0},
                              {",", "Invalid value.", 1},
                              {",]}", "Invalid value.", 1},
                              {"]", "Missing a comma or '}' after an object member.", 1},
                              {"]]", "Missing a comma or '}' after an object member.", 1},
                              {"],", "Missing a name for object member.", 2},
                              {"],}", "Missing a name for object member.", 2},
                              {R"(],"millisBehindLatest")", "Missing a colon after a name of object member.", 22},
                              {"]}x", "The document root must not be followed by other values.", 2},
                              {R"(],"records":[]})", "records stands twice", 13},
                              {R"(],"action":"restart"})", "an action that kclhost does not know", 20},
                              {R"(,{"data":"YW*j","sequenceNumber":"2"}])", "data is not base64", 15},
                              {R"(,{"data":"YWJj"}])", "a record has no sequenceNumber", 16}}) {
    Decoder decode;
    const std::string line = head + usual + wrong.behind;
    const std::string position = " at byte " + std::to_string(head.size() + usual.size() + wrong.offset + 1) + " of " +
                                 std::to_string(line.size());
    const std::string error = decode.error(line);
    EXPECT_TRUE(error.starts_with(wrong.why + position)) << "said \"" << error << "\" of " << wrong.behind;
  }
}

// Wherever in memory it lies.
TEST(MalformedLine, NoControlCharacterIsLetThrough) {
  Decoder decode;
  for (char c = 1; c < 0x20; ++c) {
    for (std::size_t before = 0; before < 64; ++before) {
      const std::string line =
          record_with(R"("partitionKey":")" + std::string(before, 'k') + c + R"(","sequenceNumber":"1")");
      ASSERT_NE(decode.error(line), "") << static_cast<int>(c) << " behind " << before;
    }
  }
}

TEST(MalformedLine, NestingThatIsStillReasonableIsSkipped) {
  Decoder decode;
  EXPECT_EQ(decode.error(R"({"action":"leaseLost","x":)" + std::string(60, '[') + std::string(60, ']') + "}"), "");
}

TEST(MalformedLine, ShowsWhereAndWhatSafely) {
  Decoder decode;
  EXPECT_EQ(decode.error("{\"action\":\xff\x01\"\\\xc3\xa9"),
            "Invalid value. at byte 11 of 16, near \"\\xff\\x01\"\\x5c\\xc3\\xa9\"");
  EXPECT_EQ(
      decode.error(R"({"action":"initialize","shardId":"","sequenceNumber":"TRIM_HORIZON"})"),
      "initialize without a shardId at byte 1 of 68, near \"{\"action\":\"initialize\",\"shardId\":\"\",\"seq...\"");
  EXPECT_EQ(decode.error(R"({"reason":"a\u0062"})"),
            "no action at byte 1 of 20, near \"{\"reason\":\"a\\x5cu0062\"}\"");
  const std::string error = decode.error("{\"action\":" + std::string(10'000, 'x') + "}");
  EXPECT_LT(error.size(), 120u) << "the excerpt is to be short: " << error;
  EXPECT_NE(error.find("..."), std::string::npos) << error;
}

}  // namespace
}  // namespace kclhost::host::protocol
