// What hosts say, on its way to the page.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "core_fixtures.hpp"
#include "hub/emf.hpp"
#include "hub/exposition.hpp"
#include "hub/health.hpp"
#include "hub/own_series.hpp"
#include "hub/packet.hpp"
#include "hub/series.hpp"
#include "hub/shard_state.hpp"
#include "hub/socket.hpp"

namespace kclhost::host::hub {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

Series counter(const std::string& name, double value, Labels labels = {}) {
  return {{name, Kind::counter, "", "Help"}, std::move(labels), {.value = value, .sum = 0, .bounds = {}, .counts = {}}};
}

Series gauge(const std::string& name, double value) {
  Series one = counter(name, value);
  one.family.kind = Kind::gauge;
  return one;
}

Series times(std::initializer_list<double> values) {
  Series one = counter("took_seconds", 0);
  one.family.kind = Kind::histogram;
  one.family.unit = "seconds";
  one.reading = Reading::distribution({0.5, 1});
  for (const double value : values) one.reading.observe(value);
  return one;
}

std::string page(const Tally& tally, Format format = Format::open_metrics) {
  Exposition page(format);
  page.add(tally);
  return page.text();
}

TEST(HubSocket, ALaunchThatBeginsTakesNoneAwayFromAnother) {
  const test::TempDir folder;
  std::atomic<bool> over = false;
  std::thread another([&] {
    while (!over) {
      const auto socket = listen_in(folder.path());
      if (socket) ::unlink(socket->path.c_str());
    }
  });
  for (int i = 0; i < 2'000; ++i) {
    const auto socket = listen_in(folder.path());
    // Not connected to: the other one's probes, which nobody accepts, may have filled its backlog.
    const bool is_there = socket && std::filesystem::exists(socket->path);
    EXPECT_TRUE(is_there);
    if (!is_there) break;
    ::unlink(socket->path.c_str());
  }
  over = true;
  another.join();
}

TEST(HubSocket, WhatAKilledLaunchLeftIsRemoved) {
  const test::TempDir folder;
  const auto left = listen_in(folder.path())->path;  // its descriptor is closed
  ASSERT_THAT(sockets_in(folder.path()), SizeIs(1));
  const auto socket = listen_in(folder.path());
  EXPECT_THAT(sockets_in(folder.path()), testing::ElementsAre(socket->path));
  EXPECT_NE(left, socket->path);
}

// As a launch has it that is killed before the socket gets its name, or that is about to give it that.
std::pair<Fd, std::filesystem::path> draft_in(const test::TempDir& folder, const char* name) {
  Listening made = std::move(*listen_in(folder.path()));
  std::filesystem::path draft = folder.path() / name;
  std::filesystem::rename(made.path, draft);
  return {std::move(made.fd), std::move(draft)};
}

TEST(HubSocket, ADraftThatAKilledLaunchLeftIsRemovedAndAnothersIsNot) {
  const test::TempDir folder;
  const auto left = draft_in(folder, "hub-1-1.new").second;  // its descriptor is closed
  const auto others = draft_in(folder, "hub-1-2.new");
  EXPECT_FALSE(std::filesystem::exists(left));
  ASSERT_TRUE(listen_in(folder.path()));
  EXPECT_TRUE(std::filesystem::exists(others.second));
}

TEST(HubPacket, ComesBackAsItWas) {
  const std::string bytes = make_packet(Type::metrics, "[1]", 2, 7);
  const auto packet = Packet::read(bytes);
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->type, Type::metrics);
  EXPECT_EQ(packet->part, 2);
  EXPECT_EQ(packet->parts, 7);
  EXPECT_EQ(packet->json, "[1]");
}

TEST(HubPacket, OfAnotherVersionIsNone) {
  std::string bytes = make_packet(Type::shard, "{}");
  ++bytes[2];
  EXPECT_FALSE(Packet::read(bytes));
  EXPECT_FALSE(Packet::read("kh"));
}

TEST(HubSeries, ComeBackInPartsThatFit) {
  std::vector<Series> all;
  for (int i = 0; i < 100; ++i) all.push_back(counter("c" + std::to_string(i), i + 0.5, {{"label", "\"\n\\"}}));
  all.push_back(times({0.1, 7}));
  all.push_back(counter(std::string(1000, 'x'), 1));  // fits into no part
  const auto parts = to_json(all, 500);
  Tally before, after;
  for (const Series& one : all) {
    if (one.family.name.size() < 1000) before.add(one);
  }
  for (const std::string& part : parts) {
    EXPECT_LE(part.size(), 500u);
    const auto read = parse_series(part);
    ASSERT_TRUE(read) << part;
    for (const Series& one : *read) after.add(one);
  }
  EXPECT_EQ(page(after), page(before));
}

TEST(HubSeries, OfKclhostsOwnTheNameSaysWhatItIs) {
  const Family retries = own::retries;
  Series own = counter("kclhost_retries", 3), other = own;
  own.family.help = retries.help;
  const auto parts = to_json({own, other}, 500);
  ASSERT_THAT(parts, SizeIs(1));
  EXPECT_THAT(parts[0], Not(HasSubstr(retries.help)));
  const auto read = parse_series(parts[0]);
  ASSERT_TRUE(read);
  ASSERT_THAT(*read, SizeIs(2));
  EXPECT_EQ(read->front().family.help, retries.help);
  EXPECT_EQ(read->front().family.kind, Kind::counter);
  EXPECT_EQ(read->front().reading.value, 3);
  EXPECT_EQ(read->back().family.help, "Help");
  EXPECT_FALSE(parse_series(R"([{"name":"whose","labels":[],"value":1}])"));
}

TEST(HubTally, CountersAndHistogramsAddUpAndGaugesAreReplaced) {
  Tally tally;
  for (const double value : {1.0, 2.0}) {
    tally.add(counter("words", value));
    tally.add(gauge("depth", value));
    tally.add(times({value - 0.75}));
  }
  EXPECT_THAT(page(tally), HasSubstr("words_total 3\n"));
  EXPECT_THAT(page(tally), HasSubstr("depth 2\n"));
  EXPECT_THAT(page(tally),
              HasSubstr("took_seconds_bucket{le=\"0.5\"} 1\ntook_seconds_bucket{le=\"1\"} 1\n"
                        "took_seconds_bucket{le=\"+Inf\"} 2\ntook_seconds_sum 1.5\ntook_seconds_count 2\n"));
}

TEST(HubTally, OfAHostThatIsGoneOnlyWhatItCountedStays) {
  Tally tally;
  tally.add_counted(counter("words", 1));
  tally.add_counted(gauge("depth", 1));
  EXPECT_THAT(tally.series(), SizeIs(1));
}

TEST(HubTally, WhatHostsCountThatAreGoneHasALimit) {
  Tally tally;
  for (int host = 0; host < 20; ++host) {
    for (int i = 0; i < 100; ++i) tally.add_counted(counter("words_" + std::to_string(host * 100 + i), 1));
    tally.add_counted(counter("kclhost_retries", 1));
    tally.add_counted(counter("words_7", 1));
  }
  EXPECT_THAT(tally.series(), SizeIs(most_plugin_series + 1));
  EXPECT_THAT(page(tally), HasSubstr("kclhost_retries_total 20\n"));
  EXPECT_THAT(page(tally), HasSubstr("words_7_total 21\n"));
}

TEST(HubTally, TheFirstOfANameSaysWhatItIs) {
  Tally tally;
  tally.add(counter("words", 1));
  tally.add(gauge("words", 7));
  EXPECT_THAT(page(tally), HasSubstr("words_total 1\n"));
  EXPECT_THAT(page(tally), Not(HasSubstr("7")));
}

TEST(HubExposition, TextsAreEscaped) {
  Tally tally;
  Series odd = counter("words", 1, {{"language", "a\"b\\c\nd"}});
  odd.family.help = "one\\two \"three\"";
  tally.add(odd);
  EXPECT_EQ(page(tally),
            "# TYPE words counter\n# HELP words one\\\\two \\\"three\\\"\n"
            "words_total{language=\"a\\\"b\\\\c\\nd\"} 1\n# EOF\n");
  EXPECT_EQ(page(tally, Format::prometheus),
            "# TYPE words_total counter\n# HELP words_total one\\\\two \"three\"\n"
            "words_total{language=\"a\\\"b\\\\c\\nd\"} 1\n");
}

TEST(HubState, ComesBackAsItWas) {
  ShardState state;
  state.shard = "shardId-1";
  state.blocked = true;
  state.behind_ms = -1;
  state.error = "no \"such\" column\xff";
  state.lanes = {{0, "ready", 3}, {1, "none", 0}};
  state.on_trial = true;
  state.log = {"one \"line\"", ""};
  const auto read = parse_shard_state(to_json(state));
  ASSERT_TRUE(read);
  state.error = "no \"such\" column\xEF\xBF\xBD";
  EXPECT_EQ(*read, state);
}

// One shard that gets on.
Snapshot healthy() {
  Snapshot snapshot;
  snapshot.taken_ms = 1'000'000;
  snapshot.launch.daemon_pid = 7;
  snapshot.hosts.emplace_back();
  snapshot.hosts[0].state.stream = "words";
  snapshot.hosts[0].state.shard = "shardId-1";
  snapshot.hosts[0].state.phase = "idle";
  return snapshot;
}

TEST(HubExposition, NoSeriesHasTwoLabelsOfOneName) {
  Snapshot snapshot = healthy();
  snapshot.hosts[0].series = to_json({counter("rows", 1, {{"plugin_stream", "a"}, {"stream", "b"}})}, 1000);
  EXPECT_THAT(expose(snapshot, 10s, Format::open_metrics),
              HasSubstr("rows_total{stream=\"words\",shard=\"shardId-1\",plugin_stream=\"a\","
                        "plugin_plugin_stream=\"b\"} 1\n"));
  EXPECT_FALSE(parse_series(to_json({counter("rows", 1, {{"table", "a"}, {"table", "b"}})}, 1000).front()));
}

TEST(HubEmf, AStreamMayBeCalledAsAnOutcomeIs) {
  Snapshot snapshot = healthy();
  snapshot.hosts[0].state.stream = "skipped";
  Series processed = counter(std::string(own::finished_records.name), 7, {{"outcome", "processed"}});
  snapshot.hosts[0].series = to_json({processed}, 1000);
  const auto lines = EmfLines().next(snapshot, 10s, "2026-01-31T12:00:00.000Z");
  EXPECT_THAT(lines.front(), HasSubstr("\"kclhost_finished_records_processed\":7"));
  EXPECT_THAT(lines.front(), Not(HasSubstr("kclhost_finished_records_skipped")));
}

TEST(HubHealth, AShardThatWaitsForRecordsGetsOn) {
  EXPECT_THAT(troubles(healthy(), 10s), SizeIs(0));
}

TEST(HubHealth, WhatDoesNotGetOnIsNamed) {
  Snapshot snapshot = healthy();
  snapshot.hosts[0].state.waiting_since_ms = snapshot.taken_ms - 10'000;
  EXPECT_THAT(troubles(snapshot, 10s), SizeIs(0));
  EXPECT_THAT(troubles(snapshot, 9s), SizeIs(1));
  snapshot.hosts[0].state.waiting_since_ms = 0;
  snapshot.hosts[0].state.checkpoints_fail_since_ms = snapshot.taken_ms - 1;
  EXPECT_THAT(troubles(snapshot, 10s), SizeIs(1));
  snapshot.hosts[0].state.checkpoints_fail_since_ms = 0;
  snapshot.hosts[0].asked_ms = snapshot.taken_ms - 6'000;
  EXPECT_THAT(troubles(snapshot, 10s), SizeIs(1));
  snapshot.hosts.clear();
  EXPECT_THAT(troubles(snapshot, 10s), SizeIs(0));
  snapshot.launch.daemon_pid = 0;
  EXPECT_THAT(troubles(snapshot, 10s), SizeIs(1));
}

}  // namespace
}  // namespace kclhost::host::hub
