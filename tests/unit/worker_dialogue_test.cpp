// A worker that a plugin has overwritten sends what the code of a worker never would.
#include "worker/dialogue.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "worker_fixtures.hpp"

namespace kclhost::host::worker {
namespace {

class WorkerDialogue : public testing::Test, private Dialogue::Owner {
 protected:
  WorkerDialogue() {
    dialogue_.begin(::getpid(), {.staged_path = "/staged.so", .plugin_path = "my.so", .config_json = {}});
  }

  // What the worker is ended for, "" when it is not.
  std::string sends(Header header, const std::string& text) {
    if (header.sizes == decltype(header.sizes){}) header.sizes[0] = static_cast<std::uint32_t>(text.size());
    std::string packet(sizeof header, '\0');
    std::memcpy(packet.data(), &header, sizeof header);
    packet += text;
    EXPECT_EQ(::send(theirs_.get(), packet.data(), packet.size(), 0), static_cast<ssize_t>(packet.size()));
    complaint_.clear();
    EXPECT_TRUE(dialogue_.read(1));
    return complaint_;
  }
  std::string makes(std::uint64_t number, const std::string& name, const std::string& labels) {
    Header header{.kind = Kind::metric_made, .code = KCLHOST_METRIC_GAUGE, .a = number};
    header.sizes = {static_cast<std::uint32_t>(name.size()), 0, 0, static_cast<std::uint32_t>(labels.size())};
    return sends(header, name + labels);
  }
  // A plugin with these flags is in process_records, with three records.
  void processes(std::uint32_t flags, std::int32_t ticks = 0) {
    EXPECT_EQ(sends({.kind = Kind::loaded, .code = ticks, .a = flags}, "x"), "");
    Request request{.call = Call::process_records};
    request.batch.count = 3;
    request.first_id = 0;
    dialogue_.call(7, request);
  }
  std::string rejects(RecordId record, CallNumber call = 7, const std::string& reason = "bad") {
    return sends({.kind = Kind::rejected, .worker = test::FakeListener::id, .call = call, .a = record}, reason);
  }
  test::FakeListener listener_;

 private:
  void misbehaved(const std::string& what) override { complaint_ = what; }

  std::string complaint_;
  std::pair<Channel, Fd> ends_ = std::move(*Channel::make_pair());
  Fd theirs_ = std::move(ends_.second);
  Dialogue dialogue_{test::FakeListener::id,
                     std::move(ends_.first),
                     *ControlPage::make("", KCLHOST_LOG_INFO),
                     nullptr,
                     listener_,
                     *this};
};

TEST_F(WorkerDialogue, ATextIsNoLongerThanATextCanBe) {
  EXPECT_EQ(sends({.kind = Kind::log}, std::string(Channel::longest_text, 'x')), "");
  EXPECT_EQ(listener_.texts().size(), 1u);
  EXPECT_EQ(sends({.kind = Kind::log}, std::string(Channel::longest_text + 1, 'x')), "sent a message of a wrong size");
  EXPECT_EQ(listener_.texts().size(), 1u);
}

TEST_F(WorkerDialogue, APluginIsCalledByOneLineOfText) {
  for (const char* id : {"two\nlines", "\x1b[2J", "\xff"}) {
    EXPECT_EQ(sends({.kind = Kind::loaded}, id), "called the plugin by what is not one line of text");
    EXPECT_FALSE(listener_.about);
  }
  EXPECT_EQ(sends({.kind = Kind::loaded}, "com.example.\u00e9"), "");
  EXPECT_TRUE(listener_.about);
}

TEST_F(WorkerDialogue, AMetricIsWhatTheRulesAllow) {
  using namespace std::string_literals;
  EXPECT_EQ(makes(1, "words", ""), "made a metric out of turn");
  EXPECT_EQ(makes(0, "words", "x\0b\0"s), "");
  EXPECT_EQ(makes(1, "words", "a\0b\0"s), "");
  EXPECT_EQ(makes(2, "words", "a\0b\0"s), "made a metric twice");
  EXPECT_EQ(makes(2, "words", "a\0b"s), "made a metric whose labels are none");
  EXPECT_EQ(makes(2, "Words", ""),
            "made a metric that is none: metric 'Words': its name is none ([a-z_][a-z0-9_]*, at most 1024 bytes)");
  EXPECT_EQ(sends({.kind = Kind::metric, .a = 1, .real = 0.5}, ""), "");
  EXPECT_EQ(sends({.kind = Kind::metric, .a = 2}, ""), "recorded a metric that it has not made");
}

TEST_F(WorkerDialogue, ARecordOfTheCallMayBeRejected) {
  processes(0);
  EXPECT_EQ(rejects(0, 6), "");
  EXPECT_EQ(listener_.texts("host"),
            test::Lines{"the worker sent a record's rejection of another call; it is ignored"});
  EXPECT_EQ(rejects(3), "rejected a record that it was not given, or outside of the call that gave it");
  EXPECT_EQ(rejects(2), "");
  EXPECT_EQ(rejects(2), "");
  EXPECT_EQ(rejects(1, 7, std::string(5'000, 'x')), "");
  EXPECT_EQ(listener_.custody, (test::Lines{"-2 bad", "-1 " + std::string(1'023, 'x')}));
  EXPECT_EQ(sends({.kind = Kind::outcome, .worker = test::FakeListener::id, .call = 7}, ""), "");
  EXPECT_EQ(rejects(0), "rejected a record that it was not given, or outside of the call that gave it");
}

TEST_F(WorkerDialogue, WhoAcknowledgesMayRejectWhatItHas) {
  processes(KCLHOST_PLUGIN_ACKNOWLEDGES);
  EXPECT_EQ(rejects(1, 99), "");
  EXPECT_EQ(rejects(1), "");
  EXPECT_EQ(rejects(3), "rejected a record that it was not given");
  EXPECT_EQ(listener_.custody, test::Lines{"-1 bad"});
}

TEST_F(WorkerDialogue, OnlyWhoCanTicksAsksForTicks) {
  processes(0, 1);
  EXPECT_EQ(sends({.kind = Kind::ticks, .a = 250}, ""), "");
  EXPECT_EQ(listener_.tick_intervals, std::vector<std::uint32_t>{250});
}

TEST_F(WorkerDialogue, WhoDoesNotAcknowledgeCanNot) {
  processes(KCLHOST_PLUGIN_CHECKPOINTS);
  EXPECT_EQ(sends({.kind = Kind::acknowledged}, ""), "acknowledged records, which its plugin is not there for");
  EXPECT_EQ(sends({.kind = Kind::ticks, .a = 250}, ""), "asked for ticks, which its plugin has no function for");
}

}  // namespace
}  // namespace kclhost::host::worker
