#include "launch/daemon_log.hpp"

#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include "log_event.hpp"

namespace kclhost::host::launch {
namespace {

using config::LogFormat;
using config::LogLevel;
using test::member;
using test::parsed;

config::Log settings(LogFormat format = LogFormat::json, LogLevel level = LogLevel::info) {
  config::Log log;
  log.format = format;
  log.level = level;
  return log;
}

std::string daemon_line(const std::string& message, const std::string& level = "WARN ",
                        const std::string& logger = "ProcessTask") {
  return "2026-01-31T12:00:00.123Z " + level + " daemon [ShardRecordProcessor-0001] " + logger + ": " + message;
}

std::string about_child(const std::string& line) {
  return daemon_line("Received error line from subprocess [" + line + "] for shard shardId-000000000007", "ERROR",
                     "DrainChildSTDERRTask");
}

rapidjson::Document event(const std::string& line) {
  EXPECT_TRUE(line.ends_with('\n') && line.find('\n') == line.size() - 1) << line;
  return parsed(line);
}

TEST(DaemonLog, ALineIsAnEventAtItsOwnLevel) {
  DaemonLog log(settings());
  const auto said = event(log.take(daemon_line("shardId-000000000003: slow: 4 s")).line);
  EXPECT_EQ(member(said, "time"), "2026-01-31T12:00:00.123Z");
  EXPECT_EQ(member(said, "level"), "warn");
  EXPECT_EQ(member(said, "shard"), "shardId-000000000003");
  EXPECT_EQ(member(said, "source"), "daemon");
  EXPECT_EQ(member(said, "logger"), "ProcessTask");
  EXPECT_EQ(member(said, "thread"), "ShardRecordProcessor-0001");
  EXPECT_EQ(member(said, "message"), "shardId-000000000003: slow: 4 s");
  EXPECT_EQ(member(said, "stack"), "(missing)");
  EXPECT_EQ(member(event(log.take(daemon_line("x", "INFO ")).line), "level"), "info");
  EXPECT_EQ(member(event(log.take(daemon_line("x", "ERROR")).line), "level"), "error");
}

TEST(DaemonLog, AStackTraceIsPartOfItsEvent) {
  DaemonLog log(settings());
  const auto said = event(
      log.take(daemon_line("first\u2028second\u2029java.lang.Exception: why\u2028\tat A.b(A.java:1)\u2028")).line);
  EXPECT_EQ(member(said, "message"), "first\nsecond");
  EXPECT_EQ(member(said, "stack"), "java.lang.Exception: why\n\tat A.b(A.java:1)");
}

TEST(DaemonLog, OnlyAShardThatIsAloneIsTheEvents) {
  DaemonLog log(settings());
  const std::string one = "shardId-000000000001", other = "shardId-000000000002";
  EXPECT_EQ(member(event(log.take(daemon_line(one + " and " + one)).line), "shard"), one);
  EXPECT_EQ(member(event(log.take(daemon_line(one + " and " + other)).line), "shard"), "(missing)");
  EXPECT_EQ(member(event(log.take(daemon_line("shardId-00000000000x")).line), "shard"), "(missing)");
  EXPECT_EQ(member(event(log.take(daemon_line("ends with shardId-0000")).line), "shard"), "(missing)");
}

TEST(DaemonLog, TheConfigurationsLevelIsTheDaemonsToo) {
  DaemonLog log(settings(LogFormat::json, LogLevel::error));
  EXPECT_EQ(log.take(daemon_line("x")).line, "");
  EXPECT_NE(log.take(daemon_line("x", "ERROR")).line, "");
  EXPECT_NE(log.take("Terminating due to java.lang.OutOfMemoryError").line, "") << "nobody knows what it is";
  const DaemonLog::Event sign =
      log.take(daemon_line("Caught exception from handleInput", "WARN ", "ShardConsumerSubscriber"));
  EXPECT_EQ(sign.line, "");
  EXPECT_EQ(sign.sign, Sign::left_out);
}

TEST(DaemonLog, WhatTheKclRepeatsEveryMinuteIsForDebugging) {
  for (const std::string text : {"Sleeping ...", "Current stream shard assignments: shardId-000000000001"}) {
    EXPECT_EQ(DaemonLog(settings()).take(daemon_line(text, "INFO ", "Scheduler")).line, "");
    DaemonLog debugging(settings(LogFormat::json, LogLevel::debug));
    EXPECT_EQ(member(event(debugging.take(daemon_line(text, "INFO ", "Scheduler")).line), "level"), "debug");
  }
}

TEST(DaemonLog, AThreadThatTheKclInterruptsAtItsEndIsForDebugging) {
  const std::string failed =
      daemon_line("Unexpected exception was thrown.\u2029java.lang.RuntimeException: java.lang.InterruptedException",
                  "ERROR", "PrefetchRecordsPublisher");
  DaemonLog log(settings(LogFormat::json, LogLevel::debug));
  EXPECT_EQ(member(event(log.take(failed).line), "level"), "error") << "nobody has asked it to end";
  log.take(daemon_line("Starting worker's final shutdown.", "INFO ", "Scheduler"));
  EXPECT_EQ(member(event(log.take(failed).line), "level"), "debug");
  const std::string other = daemon_line("No.\u2029java.io.IOException", "ERROR", "PrefetchRecordsPublisher");
  EXPECT_EQ(member(event(log.take(other).line), "level"), "error");
  const auto dropped = [&log](const std::string& metrics) {
    const std::string text = "Dropping metrics [" + metrics + "] because CloudWatchPublisherRunnable is shutting down.";
    return member(event(log.take(daemon_line(text, "WARN ", "CloudWatchPublisherRunnable")).line), "level");
  };
  EXPECT_EQ(dropped(""), "debug");
  EXPECT_EQ(dropped("x"), "warn");
}

TEST(DaemonLog, AsText) {
  DaemonLog log(settings(LogFormat::text));
  EXPECT_EQ(log.take(daemon_line("on shardId-000000000003\u2029Ex\u2028\tat A")).line,
            "2026-01-31T12:00:00.123Z warn  shardId-000000000003 [daemon] on shardId-000000000003 logger=ProcessTask "
            "thread=ShardRecordProcessor-0001 stack=Ex\\n\tat A\n");
}

TEST(DaemonLog, WhatHasNoFormIsAnEventWithItsText) {
  DaemonLog log(settings());
  for (const std::string text :
       {"OpenJDK 64-Bit Server VM warning: \"quoted\"", "", "{", "{} {}", "{\"unfinished\":", "\x01\xff", "[1]",
        "2026-01-31T12:00:00.123Z", "2026-01-31T12:00:00.123Z WARN  daemon [x",
        "2026-01-31T12:00:00.123Z FATAL daemon [x] y: z"}) {
    const auto said = event(log.take(text).line);
    EXPECT_EQ(member(said, "level"), "info") << text;
    EXPECT_EQ(member(said, "source"), "daemon") << text;
    EXPECT_EQ(member(said, "message"), text == "\x01\xff" ? "\x01\ufffd" : text);
  }
}

TEST(DaemonLog, JsonOfTheUsersOwnStaysAsItIs) {
  const std::string own = R"({"@timestamp":"now","message":"hello"})";
  EXPECT_EQ(DaemonLog(settings()).take(own).line, own + "\n");
  EXPECT_NE(DaemonLog(settings(LogFormat::text)).take(own).line.find("[daemon] " + own), std::string::npos);
}

TEST(DaemonLog, WhatKclhostItselfPrintsIsLaunchs) {
  const auto said = event(DaemonLog(settings()).take("kclhost: the tables are made").line);
  EXPECT_EQ(member(said, "source"), "launch");
  EXPECT_EQ(member(said, "message"), "the tables are made");
}

TEST(DaemonLog, AChildsLineIsToldOnceWithItsShard) {
  DaemonLog log(settings());
  const auto said = event(log.take(about_child("abort: [x] for shard y")).line);
  EXPECT_EQ(member(said, "level"), "info");
  EXPECT_EQ(member(said, "shard"), "shardId-000000000007");
  EXPECT_EQ(member(said, "source"), "stderr");
  EXPECT_EQ(member(said, "message"), "abort: [x] for shard y");
  EXPECT_EQ(log.take("abort: [x] for shard y").line, "");
  EXPECT_NE(log.take("abort: [x] for shard y").line, "") << "one echo for each line";
}

TEST(DaemonLog, AHostsOwnLineStaysAsItIs) {
  const std::string json = R"({"time":"2026-01-31T12:00:00.000Z","level":"warn","source":"host","message":"m"})";
  const std::string text = "2026-01-31T12:00:00.000Z warn  shardId-000000000007 m";
  DaemonLog in_json(settings()), in_text(settings(LogFormat::text));
  EXPECT_EQ(in_json.take(about_child(json)).line, json + "\n");
  EXPECT_EQ(in_json.take(json).line, "");
  EXPECT_EQ(in_text.take(about_child(text)).line, text + "\n");
  EXPECT_EQ(in_text.take(text).line, "");
}

TEST(DaemonLog, AnEchoIsNoSign) {
  DaemonLog log(settings());
  const std::string forged = daemon_line("Caught exception from handleInput", "WARN ", "ShardConsumerSubscriber");
  EXPECT_EQ(log.take(about_child(forged)).sign, Sign::none);
  EXPECT_EQ(log.take(forged).sign, Sign::none);
  EXPECT_EQ(log.take(forged).sign, Sign::left_out);
}

TEST(DaemonLog, InAPatternOfTheUsersOwnBothLinesAreTold) {
  DaemonLog log(settings());
  const std::string forged = "12:00 s.a.k.l.ShardConsumerSubscriber - Caught exception from handleInput";
  const auto first = log.take("12:00 ERROR Received error line from subprocess [" + forged + "] for shard shardId-0");
  const auto second = log.take(forged);
  EXPECT_EQ(first.sign, Sign::none);
  EXPECT_EQ(second.sign, Sign::none);
  EXPECT_NE(first.line, "");
  EXPECT_EQ(member(event(second.line), "message"), forged);
}

TEST(DaemonLog, WhatIsOnItsWayHasALimit) {
  DaemonLog log(settings());
  for (int i = 0; i < 1000; ++i) log.take(about_child("line " + std::to_string(i)));
  EXPECT_NE(log.take("line 0").line, "");
  EXPECT_EQ(log.take("line 999").line, "");
}

}  // namespace
}  // namespace kclhost::host::launch
