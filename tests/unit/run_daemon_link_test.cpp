#include "run/daemon_link.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <string>
#include <thread>

#include "core_fixtures.hpp"
#include "core_messages.hpp"

namespace kclhost::host::run {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class DaemonLinkTest : public testing::Test {
 protected:
  void say(std::string_view line) {
    test::write_all(to_host.out.get(), line);
    test::write_all(to_host.out.get(), "\n");
  }
  void hang_up() { to_host.out.reset(); }
  std::string heard() {
    from_host.out.reset();
    return test::read_all(from_host.in.get());
  }
  // Turns the loop until there is a message; none at the end of the stream.
  std::optional<protocol::Message> next() {
    const auto message = await([this] { return link.next(); });
    if (!message) ADD_FAILURE() << message.error();
    return message ? *message : std::nullopt;
  }
  // Turns it until there is an answer; none at the end of the stream.
  std::optional<CheckpointAnswer> answer() {
    const auto given = await([this] { return link.answer(); });
    if (!given) ADD_FAILURE() << given.error();
    return given ? *given : std::nullopt;
  }
  // Why there is none: one line.
  template <class Ask>
  std::string error(Ask&& ask) {
    const auto none = await(ask);
    if (none) {
      ADD_FAILURE() << "no error";
      return {};
    }
    EXPECT_EQ(none.error().find('\n'), std::string::npos) << "one line: " << none.error();
    return none.error();
  }
  std::string next_error() {
    return error([this] { return link.next(); });
  }
  std::string answer_error() {
    return error([this] { return link.answer(); });
  }

  test::Pipe to_host, from_host;
  EventLoop loop;
  SharedBuffer batch;
  DaemonLink link{to_host.in.get(), from_host.out.get(), loop, batch};

 private:
  template <class Ask>
  auto await(Ask&& ask) -> decltype(ask()) {
    while (true) {
      auto come = ask();
      if (!come || *come || link.ended()) return come;
      loop.turn();
    }
  }
};

TEST_F(DaemonLinkTest, AWholeConversation) {
  for (const std::string& line : test::all_daemon_lines()) {
    say(line);
    if (line.starts_with(R"({"action":"checkpoint")")) {
      EXPECT_TRUE(link.send_checkpoint("1", 0));
      EXPECT_TRUE(answer());
      continue;
    }
    const auto message = next();
    ASSERT_TRUE(message);
    EXPECT_TRUE(link.send_status(message->action_text));
  }
  hang_up();
  EXPECT_FALSE(next());
  EXPECT_TRUE(link.ended());
  EXPECT_FALSE(link.ended_in_line());
}

TEST_F(DaemonLinkTest, ItNeverWaits) {
  const auto none = link.next();
  ASSERT_TRUE(none);
  EXPECT_FALSE(*none);
  EXPECT_FALSE(link.ended());
  const auto no_answer = link.answer();
  ASSERT_TRUE(no_answer);
  EXPECT_FALSE(*no_answer);
}

TEST_F(DaemonLinkTest, AcknowledgesByTheActionsName) {
  say(R"({"action":"shutdownRequested"})");
  const auto message = next();
  ASSERT_TRUE(message);
  EXPECT_TRUE(link.send_status(message->action_text));
  EXPECT_EQ(heard(), "\n{\"action\":\"status\",\"responseFor\":\"shutdownRequested\"}\n");
}

TEST_F(DaemonLinkTest, ALineInPieces) {
  const std::string line = R"({"action":"initialize","shardId":"s","sequenceNumber":"1","subSequenceNumber":2})";
  for (const char byte : line) {
    test::write_all(to_host.out.get(), {&byte, 1});
    loop.turn();
    const auto none = link.next();
    ASSERT_TRUE(none) << none.error();
    EXPECT_FALSE(*none);
  }
  test::write_all(to_host.out.get(), "\n");
  const auto message = next();
  ASSERT_TRUE(message);
  EXPECT_EQ(message->shard_id, "s");
  EXPECT_EQ(message->sub_sequence_number, 2);
}

TEST_F(DaemonLinkTest, AnUnfinishedLineAtTheEnd) {
  say(R"({"action":"leaseLost"})");
  test::write_all(to_host.out.get(), R"({"action":"shardEn)");
  hang_up();
  EXPECT_TRUE(next());
  EXPECT_FALSE(next());
  EXPECT_TRUE(link.ended_in_line());
}

TEST_F(DaemonLinkTest, WhatCameBeforeTheEndIsTakenFirst) {
  say(R"({"action":"leaseLost"})");
  say(R"({"action":"shutdownRequested"})");
  hang_up();
  for (const auto action : {protocol::Action::lease_lost, protocol::Action::shutdown_requested}) {
    const auto message = next();
    ASSERT_TRUE(message);
    EXPECT_EQ(message->action, action);
  }
  EXPECT_FALSE(next());
  EXPECT_TRUE(link.ended());
}

TEST_F(DaemonLinkTest, GarbageIsNamedByItsPosition) {
  say(R"({"action":"leaseLost"})");
  say(R"({"action":"leaseLost"} or so)");
  EXPECT_TRUE(next());
  EXPECT_THAT(next_error(), AllOf(HasSubstr("line 2 "), HasSubstr("byte 23 of the stream"),
                                  HasSubstr("at byte 24 of 28"), HasSubstr("near \"or so\"")));
}

TEST_F(DaemonLinkTest, BinaryGarbageIsShownAsHex) {
  say("\xff\xfe{}\x1b[31m");
  EXPECT_THAT(next_error(), HasSubstr("\\xff\\xfe{}\\x1b[31m"));
}

TEST_F(DaemonLinkTest, AnEmptyLineIsNoMessage) {
  say("");
  next_error();
}

TEST_F(DaemonLinkTest, ACheckpoint) {
  EXPECT_TRUE(link.send_checkpoint("12", 3));
  say(R"({"action":"checkpoint","sequenceNumber":"12","subSequenceNumber":3,"error":null})");
  const auto given = answer();
  ASSERT_TRUE(given);
  EXPECT_EQ(given->status, KCLHOST_OK);
  EXPECT_EQ(given->name, "");
  EXPECT_EQ(heard(), "\n{\"action\":\"checkpoint\",\"sequenceNumber\":\"12\",\"subSequenceNumber\":3}\n");
}

TEST_F(DaemonLinkTest, EachExceptionHasItsStatus) {
  for (const auto& [name, status] : {std::pair{"ShutdownException", KCLHOST_SHUTDOWN},
                                     {"ThrottlingException", KCLHOST_THROTTLING},
                                     {"InvalidStateException", KCLHOST_INVALID_STATE},
                                     {"KinesisClientLibDependencyException", KCLHOST_DEPENDENCY},
                                     {"IllegalArgumentException", KCLHOST_ILLEGAL_ARGUMENT},
                                     {"NullPointerException", KCLHOST_OTHER_EXCEPTION},
                                     {"", KCLHOST_OTHER_EXCEPTION}}) {
    say(R"({"action":"checkpoint","sequenceNumber":null,"error":")" + std::string(name) + "\"}");
    EXPECT_TRUE(link.send_checkpoint(std::nullopt, std::nullopt));
    const auto given = answer();
    ASSERT_TRUE(given);
    EXPECT_EQ(given->status, status) << name;
    EXPECT_EQ(given->name, name);
    EXPECT_FALSE(given->message.empty()) << name;
  }
}

TEST_F(DaemonLinkTest, TheBatchStaysWhileACheckpointIsAnswered) {
  say(R"({"action":"processRecords","records":[{"data":"YWJj","partitionKey":"k","sequenceNumber":"1"}]})");
  const auto message = next();
  ASSERT_TRUE(message);
  say(R"({"action":"checkpoint","sequenceNumber":"1","subSequenceNumber":0,"error":"ThrottlingException"})");
  const auto given = answer();
  ASSERT_TRUE(given);
  EXPECT_EQ(given->status, KCLHOST_THROTTLING);
  EXPECT_EQ(test::copy_of(message->batch), (std::vector<test::RecordCopy>{{"abc", "k", "1", 0, KCLHOST_NO_TIMESTAMP}}));
}

TEST_F(DaemonLinkTest, TheBatchStaysWhatIsSentAhead) {
  say(R"({"action":"processRecords","records":[{"data":"YWJj","partitionKey":"k","sequenceNumber":"1"}]})");
  const auto first = next();
  ASSERT_TRUE(first);
  const std::string large(300'000, 'A');
  std::thread daemon([&] {
    say(R"({"action":"processRecords","records":[{"data":")" + large + R"(","sequenceNumber":"2"}]})");
    hang_up();
  });
  // Until the daemon can't go on: pipe and reader are full, and what's in hand is as it was.
  std::size_t waiting = 0;
  do {
    waiting = to_host.waiting();
    loop.turn(Clock::now() + std::chrono::milliseconds(20));
  } while (to_host.waiting() != waiting || waiting == 0);
  EXPECT_EQ(test::copy_of(first->batch), (std::vector<test::RecordCopy>{{"abc", "k", "1", 0, KCLHOST_NO_TIMESTAMP}}));
  EXPECT_FALSE(link.ended());
  const auto second = next();
  daemon.join();
  ASSERT_TRUE(second);
  EXPECT_EQ(test::copy_of(second->batch).at(0).data.size(), large.size() / 4 * 3);
  EXPECT_FALSE(next());
}

TEST_F(DaemonLinkTest, SomethingElseInsteadOfACheckpointsAnswer) {
  for (const char* line :
       {R"({"action":"leaseLost"})", R"({"action":"initialize","shardId":"s","sequenceNumber":"1"})"}) {
    say(line);
    EXPECT_THAT(answer_error(),
                AllOf(HasSubstr("no answer to the checkpoint"), HasSubstr(std::string(line).substr(11, 5))));
  }
  say(R"({"action":"processRecords","records":[]})");
  EXPECT_THAT(answer_error(), HasSubstr("processRecords where a checkpoint's answer was due"));
}

TEST_F(DaemonLinkTest, TheEndInsteadOfACheckpointsAnswer) {
  test::write_all(to_host.out.get(), R"({"action":"checkpoint","sequ)");
  hang_up();
  EXPECT_FALSE(answer());
  EXPECT_TRUE(link.ended());
}

TEST_F(DaemonLinkTest, ADaemonThatReadsNoMore) {
  from_host.in.reset();
  EXPECT_FALSE(link.send_status("initialize"));
  EXPECT_FALSE(link.send_checkpoint("1", 0));
}

class SilentDaemon : public DaemonLinkTest {
 protected:
  // A batch that takes some memory is there, and is done with.
  void take_large_batch() {
    std::string line = R"({"action":"processRecords","records":[{"sequenceNumber":"1","data":")";
    line += std::string(1'000'000, 'A') + "\"}]}";
    std::thread daemon([&] { say(line); });
    EXPECT_TRUE(next());
    daemon.join();
    ASSERT_GT(batch.size(), line.size());
    struct stat status {};
    ASSERT_EQ(::fstat(batch.read_only_fd(), &status), 0);
    inode = " " + std::to_string(status.st_ino) + " ";
  }
  bool is_mapped() const {
    std::ifstream maps("/proc/self/maps");
    for (std::string range; std::getline(maps, range);) {
      if (range.find("kclhost-batch") != std::string::npos && range.find(inode) != std::string::npos) return true;
    }
    return false;
  }
  void ask_in_vain() {
    const auto none = link.next();
    ASSERT_TRUE(none);
    EXPECT_FALSE(*none);
  }

  std::string inode;
};

TEST_F(SilentDaemon, MemoryIsGivenBack) {
  take_large_batch();
  EXPECT_EQ(link.deadline(), Clock::time_point::max()) << "the batch is in use";
  ask_in_vain();
  const Clock::time_point deadline = link.deadline();
  ASSERT_NE(deadline, Clock::time_point::max());
  link.on_time(deadline - std::chrono::nanoseconds(1));
  EXPECT_TRUE(is_mapped());
  EXPECT_EQ(link.deadline(), deadline);
  link.on_time(deadline);
  EXPECT_FALSE(is_mapped());
  EXPECT_EQ(link.deadline(), Clock::time_point::max()) << "there is nothing more to give back";
  ask_in_vain();
  EXPECT_EQ(link.deadline(), Clock::time_point::max());
  say(R"({"action":"leaseLost"})");
  const auto message = next();
  ASSERT_TRUE(message);
  EXPECT_EQ(message->action, protocol::Action::lease_lost);
}

TEST_F(SilentDaemon, ThatSpeaksAgainGetsNoMemoryTakenAway) {
  take_large_batch();
  ask_in_vain();
  const Clock::time_point deadline = link.deadline();
  test::write_all(to_host.out.get(), R"({"action":)");
  loop.turn();
  link.on_time(deadline);
  EXPECT_TRUE(is_mapped());
  say(R"("leaseLost"})");
  EXPECT_TRUE(next());
}

}  // namespace
}  // namespace kclhost::host::run
