#include "session/daemon_link.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <string>
#include <thread>

#include "core_fixtures.hpp"
#include "core_messages.hpp"
#include "session/stop.hpp"

namespace kclhost::host::session {
namespace {

using processor::CheckpointAnswer;

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
  // How the session stops when it does this.
  template <class Do>
  std::string stop(int exit_code, Do&& act) {
    try {
      act();
    } catch (const Stop& stop) {
      EXPECT_EQ(stop.exit_code(), exit_code) << stop.what();
      EXPECT_EQ(std::string(stop.what()).find('\n'), std::string::npos) << "one line: " << stop.what();
      return stop.what();
    }
    ADD_FAILURE() << "the session goes on";
    return {};
  }

  test::Pipe to_host, from_host;
  EventLoop loop;
  SharedBuffer batch;
  DaemonLink link{to_host.in.get(), from_host.out.get(), loop, batch};
};

TEST_F(DaemonLinkTest, AWholeConversation) {
  for (const std::string& line : test::all_daemon_lines()) {
    say(line);
    if (line.starts_with(R"({"action":"checkpoint")")) {
      link.checkpoint("1", 0);
      continue;
    }
    const auto message = link.next();
    ASSERT_TRUE(message);
    link.acknowledge(message->action_text);
  }
  hang_up();
  EXPECT_FALSE(link.next());
  EXPECT_TRUE(link.ended());
}

TEST_F(DaemonLinkTest, AcknowledgesByTheActionsName) {
  say(R"({"action":"shutdownRequested"})");
  const auto message = link.next();
  ASSERT_TRUE(message);
  link.acknowledge(message->action_text);
  EXPECT_EQ(heard(), "\n{\"action\":\"status\",\"responseFor\":\"shutdownRequested\"}\n");
}

TEST_F(DaemonLinkTest, AnUnfinishedLineAtTheEnd) {
  say(R"({"action":"leaseLost"})");
  test::write_all(to_host.out.get(), R"({"action":"shardEn)");
  hang_up();
  EXPECT_TRUE(link.next());
  const std::string why = stop(4, [&] { link.next(); });
  EXPECT_NE(why.find("went away in the middle of a message"), std::string::npos) << why;
}

TEST_F(DaemonLinkTest, GarbageIsNamedByItsPosition) {
  say(R"({"action":"leaseLost"})");
  say(R"({"action":"leaseLost"} or so)");
  EXPECT_TRUE(link.next());
  const std::string why = stop(2, [&] { link.next(); });
  EXPECT_NE(why.find("line 2 "), std::string::npos) << why;
  EXPECT_NE(why.find("byte 23 of the stream"), std::string::npos) << why;
  EXPECT_NE(why.find("at byte 24 of 28"), std::string::npos) << why;
  EXPECT_NE(why.find("near \"or so\""), std::string::npos) << why;
}

TEST_F(DaemonLinkTest, BinaryGarbageIsShownAsHex) {
  say("\xff\xfe{}\x1b[31m");
  const std::string why = stop(2, [&] { link.next(); });
  EXPECT_NE(why.find("\\xff\\xfe{}\\x1b[31m"), std::string::npos) << why;
}

TEST_F(DaemonLinkTest, AnEmptyLineIsNoMessage) {
  say("");
  stop(2, [&] { link.next(); });
}

TEST_F(DaemonLinkTest, ACheckpoint) {
  say(R"({"action":"checkpoint","sequenceNumber":"12","subSequenceNumber":3,"error":null})");
  const CheckpointAnswer answer = link.checkpoint("12", 3);
  EXPECT_EQ(answer.status, KCLHOST_OK);
  EXPECT_EQ(answer.name, "");
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
    const CheckpointAnswer answer = link.checkpoint(std::nullopt, std::nullopt);
    EXPECT_EQ(answer.status, status) << name;
    EXPECT_EQ(answer.name, name);
    EXPECT_FALSE(answer.message.empty()) << name;
  }
}

TEST_F(DaemonLinkTest, TheBatchStaysWhileACheckpointIsAnswered) {
  say(R"({"action":"processRecords","records":[{"data":"YWJj","partitionKey":"k","sequenceNumber":"1"}]})");
  const auto message = link.next();
  ASSERT_TRUE(message);
  say(R"({"action":"checkpoint","sequenceNumber":"1","subSequenceNumber":0,"error":"ThrottlingException"})");
  EXPECT_EQ(link.checkpoint("1", 0).status, KCLHOST_THROTTLING);
  EXPECT_EQ(test::copy_of(message->batch), (std::vector<test::RecordCopy>{{"abc", "k", "1", 0, KCLHOST_NO_TIMESTAMP}}));
}

TEST_F(DaemonLinkTest, TheBatchStaysWhatIsSentAhead) {
  say(R"({"action":"processRecords","records":[{"data":"YWJj","partitionKey":"k","sequenceNumber":"1"}]})");
  const auto first = link.next();
  ASSERT_TRUE(first);
  const std::string large(300'000, 'A');
  std::thread daemon([&] {
    say(R"({"action":"processRecords","records":[{"data":")" + large + R"(","sequenceNumber":"2"}]})");
    hang_up();
  });
  // Until the daemon can't go on: pipe and reader are full, and what's in hand is as it was.
  std::size_t waiting = 0;
  loop.run_until([&] { return std::exchange(waiting, to_host.waiting()) == waiting && waiting != 0; },
                 Clock::now() + std::chrono::milliseconds(200));
  EXPECT_EQ(test::copy_of(first->batch), (std::vector<test::RecordCopy>{{"abc", "k", "1", 0, KCLHOST_NO_TIMESTAMP}}));
  EXPECT_FALSE(link.ended());
  const auto second = link.next();
  daemon.join();
  ASSERT_TRUE(second);
  EXPECT_EQ(test::copy_of(second->batch).at(0).data.size(), large.size() / 4 * 3);
  EXPECT_FALSE(link.next());
}

TEST_F(DaemonLinkTest, SomethingElseInsteadOfACheckpointsAnswer) {
  for (const char* line :
       {R"({"action":"leaseLost"})", R"({"action":"initialize","shardId":"s","sequenceNumber":"1"})"}) {
    say(line);
    const std::string why = stop(2, [&] { link.checkpoint("1", 0); });
    EXPECT_NE(why.find("no answer to the checkpoint"), std::string::npos) << why;
    EXPECT_NE(why.find(std::string(line).substr(11, 5)), std::string::npos) << why;
  }
  say(R"({"action":"processRecords","records":[]})");
  const std::string why = stop(2, [&] { link.checkpoint("1", 0); });
  EXPECT_NE(why.find("processRecords where a checkpoint's answer was due"), std::string::npos) << why;
}

TEST_F(DaemonLinkTest, TheEndInsteadOfACheckpointsAnswer) {
  test::write_all(to_host.out.get(), R"({"action":"checkpoint","sequ)");
  hang_up();
  stop(4, [&] { link.checkpoint("1", 0); });
}

TEST_F(DaemonLinkTest, ADaemonThatReadsNoMore) {
  from_host.in.reset();
  stop(4, [&] { link.acknowledge("initialize"); });
  stop(4, [&] { link.checkpoint("1", 0); });
}

TEST_F(DaemonLinkTest, MemoryIsGivenBackWhileTheDaemonIsSilent) {
  std::string line = R"({"action":"processRecords","records":[{"sequenceNumber":"1","data":")";
  line += std::string(1'000'000, 'A') + "\"}]}";
  std::thread daemon([&] { say(line); });
  EXPECT_TRUE(link.next());
  daemon.join();
  ASSERT_GT(batch.size(), line.size());
  struct stat status {};
  ASSERT_EQ(::fstat(batch.read_only_fd(), &status), 0);
  const auto is_mapped = [inode = " " + std::to_string(status.st_ino) + " "] {
    std::ifstream maps("/proc/self/maps");
    for (std::string range; std::getline(maps, range);) {
      if (range.find("kclhost-batch") != std::string::npos && range.find(inode) != std::string::npos) return true;
    }
    return false;
  };
  ASSERT_TRUE(is_mapped());
  daemon = std::thread([&] {
    while (is_mapped()) std::this_thread::yield();
    say(R"({"action":"leaseLost"})");
  });
  const auto message = link.next();
  daemon.join();
  ASSERT_TRUE(message);
  EXPECT_EQ(message->action, protocol::Action::lease_lost);
}

}  // namespace
}  // namespace kclhost::host::session
