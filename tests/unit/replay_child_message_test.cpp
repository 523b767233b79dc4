#include "replay/child_message.hpp"

#include <gtest/gtest.h>

namespace kclhost::host::replay {
namespace {

using Kind = ChildMessage::Kind;

TEST(ChildMessage, ReadsAStatus) {
  const auto message = parse_child_message(R"({"responseFor": "initialize", "action": "status"})");
  ASSERT_TRUE(message);
  EXPECT_EQ(message->kind, Kind::status);
  EXPECT_EQ(message->response_for, "initialize");
  EXPECT_EQ(parse_child_message(R"({"action":"status","responseFor":null})")->response_for, "");
  EXPECT_EQ(parse_child_message(R"({"action":"status"})")->response_for, "");
}

TEST(ChildMessage, ReadsCheckpoints) {
  const auto all =
      parse_child_message(R"({"action": "checkpoint", "sequenceNumber": null, "subSequenceNumber": null})");
  ASSERT_TRUE(all);
  EXPECT_EQ(all->kind, Kind::checkpoint);
  EXPECT_FALSE(all->checkpoint.sequence_number);
  EXPECT_FALSE(all->checkpoint.sub_sequence_number);
  const auto one =
      parse_child_message(R"({"action":"checkpoint","sequenceNumber":"12","subSequenceNumber":3,"error":null})");
  EXPECT_EQ(one->checkpoint.sequence_number, "12");
  EXPECT_EQ(one->checkpoint.sub_sequence_number, 3);
}

TEST(ChildMessage, NumbersAndStringsStandForEachOther) {
  const auto message = parse_child_message(
      R"({"action":"checkpoint","sequenceNumber":49680460045350437553841415682306828536,"subSequenceNumber":"3"})");
  ASSERT_TRUE(message);
  EXPECT_EQ(message->checkpoint.sequence_number, "49680460045350437553841415682306828536");
  EXPECT_EQ(message->checkpoint.sub_sequence_number, 3);
}

TEST(ChildMessage, WhatTheDaemonSkipsIsNone) {
  for (const char* line :
       {"", "hello", "1", "null", "[]", "\"status\"", "{}", R"({"action":"bogus"})", R"({"action":1})",
        R"({"Action":"status"})", R"(x{"action":"status","responseFor":"a"})",
        R"({"action":"status","responseFor":"a")", R"({"action":"status","responseFor":"a","extra":1})",
        R"({"action":"status","responseFor":{}})", R"({"action":"checkpoint","sequenceNumber":[]})",
        R"({"action":"checkpoint","subSequenceNumber":"x"})", R"({"action":"checkpoint","checkpoint":"1"})"}) {
    EXPECT_FALSE(parse_child_message(line)) << line;
  }
}

TEST(ChildMessage, TextAfterTheObjectIsOverlooked) {
  EXPECT_TRUE(parse_child_message(R"(  {"action":"status","responseFor":"a"} and more)"));
}

TEST(ChildMessage, TheDaemonsOwnMessagesAreRead) {
  const auto message = parse_child_message(R"({"action":"leaseLost"})");
  ASSERT_TRUE(message);
  EXPECT_EQ(message->kind, Kind::other);
}

}  // namespace
}  // namespace kclhost::host::replay
