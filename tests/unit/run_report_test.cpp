// What a host tells the hub when the socket has no room for it.
#include "run/report.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core_fixtures.hpp"
#include "hub/packet.hpp"
#include "hub/socket.hpp"
#include "shard_conversation.hpp"

namespace kclhost::host::run {
namespace {

constexpr char report_metric[] = "counted", report_label[] = "of";

// The test is the hub.
class ReportTest : public testing::Test {
 protected:
  ReportTest() : hub_(std::move(*hub::listen_in(dir_.path()))) {
    config_.daemon.properties = {{"streamName", "words"}, {"applicationName", "app"}};
    ::setenv(hub::hub_variable, hub_.path.c_str(), 1);
    report_.emplace(config_, shard_, loop_,
                    Report::Sources{.sha256 = [](std::uint32_t) { return std::string(); },
                                    .on_trial = [] { return false; },
                                    .workers_memory = [] { return std::uint64_t{0}; },
                                    .last_lines = [](std::size_t) { return std::vector<std::string>(); }});
    ::unsetenv(hub::hub_variable);
    peer_ = Fd(::accept4(hub_.fd.get(), nullptr, nullptr, SOCK_CLOEXEC));
  }

  // A counter of the plugin's, whose part of a report is this long at least.
  void make_metric(std::uint32_t number, std::size_t size) {
    const std::string value = std::to_string(number) + std::string(size, 'x');
    const kclhost_label label{{report_label, sizeof report_label - 1}, {value.data(), value.size()}};
    kclhost_metric_spec spec{};
    spec.struct_size = sizeof spec;
    spec.kind = KCLHOST_METRIC_COUNTER;
    spec.name = {report_metric, sizeof report_metric - 1};
    spec.labels = &label;
    spec.label_count = 1;
    report_->metric_made(WorkerId{}, number, spec);
  }
  // Nothing when none waits.
  std::optional<hub::Packet> next() {
    buffer_.resize(hub::longest_packet);
    const ssize_t size = ::recv(peer_.get(), buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    return size < 0 ? std::nullopt : hub::Packet::read({buffer_.data(), static_cast<std::size_t>(size)});
  }

  test::TempDir dir_;
  hub::Listening hub_;
  config::Config config_;
  ShardMemory memory_;
  Shard shard_{config_, memory_, 1, {}};
  EventLoop loop_;
  std::optional<Report> report_;
  Fd peer_;
  std::string buffer_;
};

TEST_F(ReportTest, GoesOnFromWhereTheSocketWasFull) {
  while (next()) {
  }
  for (std::uint32_t i = 0; i < 1000; ++i) make_metric(i, 2000);
  report_->changed();
  std::set<std::string> series;
  std::size_t states = 0, come = 0, all = 0, turns = 0;
  while (come == 0 || come < all) {
    report_->on_time(report_->deadline());
    ++turns;
    const std::size_t before = come;
    while (const auto packet = next()) {
      if (packet->type == hub::Type::shard) {
        ++states;
        continue;
      }
      ASSERT_EQ(std::size_t{packet->part}, come);
      ++come;
      all = packet->parts;
      const auto read = hub::parse_series(packet->json);
      ASSERT_TRUE(read);
      for (const hub::Series& one : *read) {
        if (one.family.name == report_metric) {
          EXPECT_TRUE(series.insert(one.labels.at(0).second).second) << "twice";
        }
      }
    }
    ASSERT_GT(come, before);
  }
  EXPECT_EQ(states, 1u);
  EXPECT_EQ(series.size(), 1000u);
  if (turns > 1) {
    EXPECT_LT(report_->deadline(), Clock::time_point::max()) << "what has changed meanwhile is told too";
  }
}

TEST_F(ReportTest, WhatIsLetGoIsForgotten) {
  const auto tell_all = [this] {
    while (report_->deadline() < Clock::time_point::max()) {
      report_->on_time(report_->deadline());
      while (next()) {
      }
    }
  };
  make_metric(0, 1);
  report_->metric(WorkerId{}, 0, 1);
  EXPECT_LT(report_->deadline(), Clock::time_point::max());
  tell_all();
  report_->let_go(WorkerId{});
  tell_all();
  report_->metric(WorkerId{}, 0, 1);
  EXPECT_EQ(report_->deadline(), Clock::time_point::max());
}

TEST_F(ReportTest, TellsThatAnEmptyBatchIsOverOfWhichTheHubHasHeard) {
  protocol::Message empty;
  empty.action = protocol::Action::process_records;
  empty.action_text = "processRecords";
  report_->message(empty);
  report_->answered();
  report_->on_time(report_->deadline());
  ASSERT_EQ(report_->deadline(), Clock::time_point::max());
  report_->message(empty);
  report_->answered();
  EXPECT_EQ(report_->deadline(), Clock::time_point::max()) << "nobody has seen it";
  report_->message(empty);
  const std::string question = hub::make_packet(hub::Type::report, "{}");
  ASSERT_EQ(::send(peer_.get(), question.data(), question.size(), 0), static_cast<ssize_t>(question.size()));
  loop_.turn();
  report_->answered();
  EXPECT_LT(report_->deadline(), Clock::time_point::max());
}

}  // namespace
}  // namespace kclhost::host::run
