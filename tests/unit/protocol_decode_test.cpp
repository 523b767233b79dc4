// Lines that the daemon sends, or may send.
#include <gtest/gtest.h>
#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core_messages.hpp"
#include "protocol/message.hpp"

namespace kclhost::host::protocol {
namespace {

using test::copy_of;
using test::Decoder;
using test::MessageCopy;
using test::RecordCopy;

MessageCopy decoded(const std::string& line) {
  Decoder decode;
  const Result<Message> message = decode(line);
  EXPECT_TRUE(message) << message.error() << "\nin " << line;
  return message ? copy_of(*message) : MessageCopy{};
}

// A processRecords whose one record has these members.
std::string record_line(const std::string& members) {
  return R"({"action":"processRecords","records":[{)" + members + R"(}],"millisBehindLatest":0})";
}

RecordCopy record(const std::string& members) {
  const MessageCopy message = decoded(record_line(members));
  EXPECT_EQ(message.records.size(), 1u);
  return message.records.empty() ? RecordCopy{} : message.records.front();
}

std::string json(const rapidjson::Value& value) {
  rapidjson::StringBuffer text;
  rapidjson::Writer<rapidjson::StringBuffer> writer(text);
  value.Accept(writer);
  return text.GetString();
}

class Transcript : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Decode, Transcript, testing::Values("shard-1.txt", "shard-2.txt", "shard-3.txt"),
                         [](const auto& test) { return "Shard" + std::string(test.param).substr(6, 1); });

TEST_P(Transcript, IsUnderstood) {
  const std::vector<std::string> lines = test::daemon_lines(GetParam());
  ASSERT_GT(lines.size(), 5u);
  for (const std::string& line : lines) {
    rapidjson::Document document;
    document.Parse(line.c_str());
    EXPECT_EQ(decoded(line), test::expected_of(document)) << line;
  }
}

// Field order is not fixed.
TEST_P(Transcript, IsUnderstoodWithItsMembersInAnyOrder) {
  for (const std::string& line : test::daemon_lines(GetParam())) {
    rapidjson::Document document;
    document.Parse(line.c_str());
    const MessageCopy expected = test::expected_of(document);
    const auto rotate = [](rapidjson::Value& object) {
      std::vector<std::pair<std::string, rapidjson::Value>> members;
      for (auto& member : object.GetObject()) members.emplace_back(member.name.GetString(), std::move(member.value));
      return members;
    };
    for (std::size_t shift = 0; shift < document.MemberCount(); ++shift) {
      rapidjson::Document shuffled(rapidjson::kObjectType);
      rapidjson::Document source;
      source.Parse(line.c_str());
      auto& allocator = source.GetAllocator();
      if (source.HasMember("records")) {
        for (auto& one : source["records"].GetArray()) {
          auto members = rotate(one);
          std::rotate(members.begin(), members.begin() + static_cast<std::ptrdiff_t>(shift), members.end());
          one.SetObject();
          for (auto& [name, value] : members) {
            one.AddMember(rapidjson::Value(name.c_str(), allocator), std::move(value), allocator);
          }
        }
      }
      auto members = rotate(source);
      std::rotate(members.begin(), members.begin() + static_cast<std::ptrdiff_t>(shift), members.end());
      std::reverse(members.begin() + 1, members.end());
      for (auto& [name, value] : members) {
        shuffled.AddMember(rapidjson::Value(name.c_str(), allocator), std::move(value), allocator);
      }
      EXPECT_EQ(decoded(json(shuffled)), expected) << json(shuffled);
    }
  }
}

TEST_P(Transcript, IsUnderstoodWithWhiteSpaceBetweenItsTokens) {
  for (const std::string& line : test::daemon_lines(GetParam())) {
    std::string spaced = " \t";
    bool in_string = false;
    for (const char c : line) {
      if (c == '"') in_string = !in_string;
      spaced += c;
      if (!in_string && std::string_view("{}[]:,\"").find(c) != std::string_view::npos) spaced += " \r\t ";
    }
    EXPECT_EQ(decoded(spaced), decoded(line));
  }
}

TEST(Decode, Initialize) {
  MessageCopy expected;
  expected.action = "initialize";
  expected.shard_id = "shardId-000000000000";
  expected.sequence_number = "49590338271490256608559692538361571095921575989136588898";
  expected.sub_sequence_number = 7;
  EXPECT_EQ(decoded(R"({"action":"initialize","shardId":"shardId-000000000000","sequenceNumber":)"
                    R"("49590338271490256608559692538361571095921575989136588898","subSequenceNumber":7})"),
            expected);
}

TEST(Decode, TheActionsWithoutMembers) {
  for (const auto& [text, action] : {std::pair{"leaseLost", Action::lease_lost},
                                     {"shardEnded", Action::shard_ended},
                                     {"shutdownRequested", Action::shutdown_requested}}) {
    Decoder decode;
    const Result<Message> message = decode("{\"action\":\"" + std::string(text) + "\"}");
    ASSERT_TRUE(message);
    EXPECT_EQ(message->action, action);
    EXPECT_EQ(message->action_text, text);
  }
}

TEST(Decode, TheOldShutdown) {
  for (const char* reason : {"TERMINATE", "ZOMBIE"}) {
    Decoder decode;
    const Result<Message> message = decode(R"({"action":"shutdown","reason":")" + std::string(reason) + "\"}");
    ASSERT_TRUE(message);
    EXPECT_EQ(message->action, Action::shutdown);
    EXPECT_EQ(message->reason, reason);
  }
}

TEST(Decode, AnEmptyBatch) {
  const MessageCopy message = decoded(R"({"action":"processRecords","records":[],"millisBehindLatest":12345})");
  EXPECT_EQ(message.records.size(), 0u);
  EXPECT_EQ(message.millis_behind_latest, 12345);
}

TEST(Decode, MillisBehindLatestMayBeMissingOrNull) {
  EXPECT_EQ(decoded(R"({"action":"processRecords","records":[]})").millis_behind_latest, -1);
  EXPECT_EQ(decoded(R"({"action":"processRecords","records":[],"millisBehindLatest":null})").millis_behind_latest, -1);
}

TEST(Decode, NumbersAsLargeAsTheirTypesHold) {
  EXPECT_EQ(decoded(R"({"action":"processRecords","records":[],"millisBehindLatest":9223372036854775807})")
                .millis_behind_latest,
            INT64_MAX);
  EXPECT_EQ(record(R"("sequenceNumber":"1","subSequenceNumber":9223372036854775807)").sub_sequence_number, INT64_MAX);
  EXPECT_EQ(record(R"("sequenceNumber":"1","approximateArrivalTimestamp":-1)").arrival_ms, -1);
  EXPECT_EQ(record(R"("sequenceNumber":"1","approximateArrivalTimestamp":4294967296)").arrival_ms, 4294967296);
}

TEST(Decode, WhatARecordDoesNotTell) {
  const RecordCopy expected{"", "", "5", 0, KCLHOST_NO_TIMESTAMP};
  EXPECT_EQ(record(R"("sequenceNumber":"5")"), expected);
  EXPECT_EQ(record(R"("data":null,"partitionKey":null,"sequenceNumber":"5","approximateArrivalTimestamp":null,)"
                   R"("subSequenceNumber":null)"),
            expected);
  EXPECT_EQ(record(R"("data":"","partitionKey":"","sequenceNumber":"5")"), expected);
}

TEST(Decode, OneRecordsMembersAreNotTheNextOnes) {
  const MessageCopy message =
      decoded(R"({"action":"processRecords","records":[{"data":"YQ==","partitionKey":"k","sequenceNumber":"1",)"
              R"("approximateArrivalTimestamp":7,"subSequenceNumber":3},{"sequenceNumber":"2"}]})");
  ASSERT_EQ(message.records.size(), 2u);
  EXPECT_EQ(message.records[0], (RecordCopy{"a", "k", "1", 3, 7}));
  EXPECT_EQ(message.records[1], (RecordCopy{"", "", "2", 0, KCLHOST_NO_TIMESTAMP}));
}

TEST(Decode, EveryByteAsData) {
  std::string bytes;
  for (int round = 0; round < 3; ++round) {
    for (int byte = 255; byte >= 0; --byte) bytes += static_cast<char>(byte);
    std::string text;
    base64::encode(bytes, text);
    EXPECT_EQ(record(R"("sequenceNumber":"1","data":")" + text + '"').data, bytes);
    bytes += 'x';  // another padding
  }
}

TEST(Decode, DataWithItsSlashesEscaped) {
  EXPECT_EQ(record(R"("sequenceNumber":"1","data":"\/\/\/\/")").data, "\xff\xff\xff");
  EXPECT_EQ(record(R"("sequenceNumber":"1","data":"Y\u0057I=")").data, "ab");
}

TEST(Decode, PartitionKeys) {
  const auto key = [](const std::string& text) {
    return record(R"("sequenceNumber":"1","partitionKey":")" + text + '"').partition_key;
  };
  EXPECT_EQ(key("caf\u00e9 \u6771\u4eac \U0001F600"), "caf\u00e9 \u6771\u4eac \U0001F600");
  EXPECT_EQ(key(R"(caf\u00e9)"), "caf\u00e9");
  EXPECT_EQ(key(R"(\ud83d\ude00)"), "\U0001F600");
  EXPECT_EQ(key(R"(a\"b\\c\/d\b\f\n\r\te)"), "a\"b\\c/d\b\f\n\r\te");
  EXPECT_EQ(key(R"(nul\u0000in)"), std::string("nul\0in", 6));
  EXPECT_EQ(key(R"(}],{[\"action)"), "}],{[\"action");
  const std::string longest(256, 'k');
  EXPECT_EQ(key(longest), longest);
}

// An escape makes all behind it move.
TEST(Decode, EscapesAtEveryOffset) {
  for (std::size_t before = 0; before < 40; ++before) {
    for (std::size_t after = 0; after < 40; after += 3) {
      const RecordCopy got = record(R"("partitionKey":")" + std::string(before, 'a') + R"(\n\u00e9)" +
                                    std::string(after, 'b') + R"(","data":"YWJj","sequenceNumber":"123")");
      ASSERT_EQ(got, (RecordCopy{"abc", std::string(before, 'a') + "\n\u00e9" + std::string(after, 'b'), "123", 0,
                                 KCLHOST_NO_TIMESTAMP}));
    }
  }
}

TEST(Decode, UnknownMembersAreSkipped) {
  for (const std::string value :
       {"1", "-1", "1.5", "1e300", "18446744073709551615", "true", "null", R"("text")", "[]", "{}", "[1,2.5,null,true]",
        R"({"records":[{"sequenceNumber":"9"}],"action":"leaseLost","error":"E","sequenceNumber":null})",
        R"([[{"data":"!"}],{"sequenceNumber":5,"deep":{"deeper":[{}]}}])"}) {
    const std::string unknown = "\"x\":" + value;
    MessageCopy expected = decoded(record_line(R"("data":"YQ==","sequenceNumber":"1")"));
    EXPECT_EQ(decoded(record_line(R"("data":"YQ==",)" + unknown + R"(,"sequenceNumber":"1")")), expected) << value;
    EXPECT_EQ(decoded(record_line(unknown + R"(,"sequenceNumber":"1","data":"YQ==")")), expected) << value;
    EXPECT_EQ(
        decoded("{" + unknown + R"(,"action":"processRecords","records":[{"data":"YQ==","sequenceNumber":"1"}],)" +
                R"("millisBehindLatest":0,"y":)" + value + "}"),
        expected)
        << value;
    EXPECT_EQ(decoded(R"({"action":"leaseLost",)" + unknown + "}"), decoded(R"({"action":"leaseLost"})")) << value;
  }
}

TEST(Decode, TenThousandRecords) {
  std::string line = R"({"action":"processRecords","records":[)";
  std::vector<RecordCopy> expected;
  for (int i = 0; i < 10'000; ++i) {
    const std::string number = std::to_string(i);
    RecordCopy one{std::string(static_cast<std::size_t>(i) % 97, static_cast<char>(i)), "key-" + number,
                   "4959033827149025660855969253836157109592157598913658" + number, i % 5, 1'700'000'000'000 + i};
    std::string data;
    base64::encode(one.data, data);
    line += (i == 0 ? R"({"data":")" : R"(,{"data":")") + data + R"(","partitionKey":")" + one.partition_key +
            R"(","sequenceNumber":")" + one.sequence_number + R"(","approximateArrivalTimestamp":)" +
            std::to_string(one.arrival_ms) + R"(,"subSequenceNumber":)" + std::to_string(one.sub_sequence_number) +
            R"(,"action":"record"})";
    expected.push_back(std::move(one));
  }
  const MessageCopy message = decoded(line + R"(],"millisBehindLatest":5})");
  EXPECT_EQ(message.millis_behind_latest, 5);
  ASSERT_EQ(message.records.size(), expected.size());
  EXPECT_TRUE(message.records == expected);
}

// Records that are written as the daemon writes them are read by other code than those that are not.
TEST(Decode, UsualAndUnusualRecordsInOneBatch) {
  const std::string usual =
      R"({"data":"YWJj","partitionKey":"k","sequenceNumber":"12","approximateArrivalTimestamp":1700000000001,)"
      R"("subSequenceNumber":3,"action":"record"})";
  const RecordCopy expected{"abc", "k", "12", 3, 1'700'000'000'001};
  const std::vector<std::string> same = {
      usual,
      R"({"action":"record","subSequenceNumber":3,"approximateArrivalTimestamp":1700000000001,)"
      R"("sequenceNumber":"12","partitionKey":"k","data":"YWJj"})",
      R"({"data":"YWJj","partitionKey":"\u006b","sequenceNumber":"12","approximateArrivalTimestamp":1700000000001,)"
      R"("subSequenceNumber":3,"action":"record"})",
      R"({ "data" : "YWJj", "partitionKey":"k","sequenceNumber":"12","approximateArrivalTimestamp":1700000000001,)"
      R"("subSequenceNumber":3})",
      R"({"data":"\u0059WJj","partitionKey":"k","sequenceNumber":"12","approximateArrivalTimestamp":1700000000001,)"
      R"("subSequenceNumber":3,"action":"record"})",
      R"({"data":"AAAA","partitionKey":"k","sequenceNumber":"12","approximateArrivalTimestamp":1700000000001,)"
      R"("subSequenceNumber":3,"data":"YWJj","new":[{}]})",
  };
  for (const std::string& first : same) {
    for (const std::string& second : same) {
      const MessageCopy message = decoded(R"({"action":"processRecords","records":[)" + first + "," + second + "," +
                                          usual + R"(],"millisBehindLatest":77})");
      ASSERT_EQ(message.records, (std::vector<RecordCopy>{expected, expected, expected})) << first << second;
      EXPECT_EQ(message.millis_behind_latest, 77);
    }
  }
}

TEST(Decode, NumbersOfAnyLengthInUsualRecords) {
  for (const std::int64_t number : {0LL, 7LL, 1234567LL, 12345678LL, 123456789LL, 1700000000001LL, 12345678901234567LL,
                                    123456789012345678LL, 1234567890123456789LL, -1LL, -1700000000001LL}) {
    const std::string text = std::to_string(number);
    const RecordCopy got = record(R"("data":"","partitionKey":"","sequenceNumber":"1","approximateArrivalTimestamp":)" +
                                  text + R"(,"subSequenceNumber":)" + text + R"(,"action":"record")");
    EXPECT_EQ(got, (RecordCopy{"", "", "1", number, number}));
  }
}

TEST(Decode, ASliceOfABatch) {
  Decoder decode;
  const Result<Message> message = decode(
      R"({"action":"processRecords","records":[{"sequenceNumber":"1"},{"sequenceNumber":"2"},{"sequenceNumber":"3"}]})");
  ASSERT_TRUE(message);
  const Batch part = message->batch.slice(1, 2);
  ASSERT_EQ(part.count, 2u);
  EXPECT_EQ(part.sequence_number(0), "2");
  EXPECT_EQ(part.sequence_number(1), "3");
}

TEST(Decode, ACheckpointsAnswer) {
  std::string line = R"({"action":"checkpoint","sequenceNumber":"12","subSequenceNumber":3,"error":null})";
  line.push_back('\0');
  const Result<Message> message = decode({line.data(), line.size() - 1});
  ASSERT_TRUE(message);
  EXPECT_EQ(message->action, Action::checkpoint);
  EXPECT_EQ(message->sequence_number, "12");
  EXPECT_EQ(message->sub_sequence_number, 3);
  EXPECT_EQ(message->error, std::nullopt);
  EXPECT_EQ(decoded(R"({"error":"Throttling\u0045xception","action":"checkpoint"})").error, "ThrottlingException");
}

TEST(Decode, NoBatchWhereACheckpointsAnswerIsDue) {
  for (std::string line : {R"({"action":"processRecords","records":[{"data":"YQ==","sequenceNumber":"1"}]})",
                           R"({"records":[],"action":"checkpoint"})"}) {
    line.push_back('\0');
    const Result<Message> message = decode({line.data(), line.size() - 1});
    ASSERT_FALSE(message);
    EXPECT_NE(message.error().find("a processRecords where a checkpoint's answer was due"), std::string::npos)
        << message.error();
  }
}

TEST(Decode, OneBufferForManyLines) {
  Decoder decode;
  const std::vector<std::string> lines = test::all_daemon_lines();
  for (int round = 0; round < 3; ++round) {
    for (const std::string& line : lines) {
      const Result<Message> message = decode(line);
      ASSERT_TRUE(message);
      EXPECT_EQ(copy_of(*message), decoded(line));
    }
    decode.release();
  }
}

}  // namespace
}  // namespace kclhost::host::protocol
