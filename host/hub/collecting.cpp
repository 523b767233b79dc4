#include "hub/collecting.hpp"

#include <algorithm>
#include <map>

#include "hub/health.hpp"
#include "hub/own_series.hpp"

namespace kclhost::host::hub {
namespace {

double to_seconds(std::int64_t ms) {
  return static_cast<double>(ms) / 1000;
}

void add_gauge(Tally& tally, const Family& family, double value, Labels labels = {}) {
  tally.add({family, std::move(labels), {.value = value, .sum = 0, .bounds = {}, .counts = {}}});
}

void add_of_state(Tally& tally, const Snapshot::Host& host, std::int64_t now, std::chrono::milliseconds window) {
  const ShardState& state = host.state;
  const auto age = [now](std::int64_t since) {
    return since == 0 ? 0 : to_seconds(std::max<std::int64_t>(now - since, 0));
  };
  add_gauge(tally, own::ready, trouble_of(host, now, window).empty() ? 1 : 0);
  add_gauge(tally, own::blocked, state.blocked ? 1 : 0);
  add_gauge(tally, own::waiting, age(state.waiting_since_ms));
  if (state.behind_ms >= 0) add_gauge(tally, own::behind_latest, to_seconds(state.behind_ms));
  add_gauge(tally, own::checkpoint_age, age(state.uncovered_since_ms));
  if (state.checkpoint_ms != 0) add_gauge(tally, own::checkpoint_time, to_seconds(state.checkpoint_ms));
  if (!state.plugin.empty()) {
    add_gauge(
        tally, own::plugin_info, 1,
        {{"plugin", state.plugin}, {"version", state.version}, {"release", state.release}, {"sha256", state.sha256}});
  }
}

// The names of the labels that stand in front, and of a bucket's. A reader takes nothing of a page on which a series
// has two labels of one name.
void keep_free(Labels& labels) {
  const auto has = [&labels](const std::string& name) {
    return std::any_of(labels.begin(), labels.end(), [&name](const auto& label) { return label.first == name; });
  };
  for (auto& [name, value] : labels) {
    if (name != "stream" && name != "shard" && name != "le") continue;
    std::string other = "plugin_" + name;
    while (has(other)) other.insert(0, "plugin_");
    name = std::move(other);
  }
}

// What makes no sense is left out.
void add_series(Tally& tally, const std::vector<std::string>& parts) {
  for (const std::string& part : parts) {
    auto all = parse_series(part);
    if (!all) continue;
    for (Series& one : *all) {
      keep_free(one.labels);
      tally.add(std::move(one));
    }
  }
}

// Those that have ended come first: a gauge is what it was said to be last.
struct Sources {
  std::vector<Snapshot::Left> left;
  std::vector<Snapshot::Host> hosts;
};

}  // namespace

Tally collect_of_launch(const Snapshot& snapshot) {
  Tally tally;
  add_gauge(tally, own::build_info, 1, {{"version", snapshot.launch.version}});
  for (const LaunchState& launch : snapshot.daemons()) {
    const bool alone = snapshot.streams.empty();
    const Labels labels = alone ? Labels{} : Labels{{"stream", launch.name}};
    add_gauge(tally, own::daemon_up, launch.daemon_pid != 0 ? 1 : 0, labels);
    const auto owned = std::count_if(snapshot.hosts.begin(), snapshot.hosts.end(), [&](const auto& host) {
      return !host.state.shard.empty() && (alone || host.state.stream == launch.name);
    });
    add_gauge(tally, own::shards, static_cast<double>(owned), labels);
    if (!alone) add_gauge(tally, own::stream_restarts, static_cast<double>(launch.restarts), labels);
  }
  return tally;
}

void collect_of_shards(Snapshot snapshot, std::chrono::milliseconds window, const TakeShard& take) {
  std::map<std::pair<std::string, std::string>, Sources> shards;
  for (Snapshot::Left& left : snapshot.left) shards[{left.stream, left.shard}].left.push_back(std::move(left));
  for (Snapshot::Host& host : snapshot.hosts) {
    if (host.state.shard.empty()) continue;
    shards[{host.state.stream, host.state.shard}].hosts.push_back(std::move(host));
  }
  while (!shards.empty()) {
    const auto shard = shards.extract(shards.begin());
    Tally tally;
    for (const auto& left : shard.mapped().left) add_series(tally, left.series);
    for (const auto& host : shard.mapped().hosts) {
      add_of_state(tally, host, snapshot.taken_ms, window);
      add_series(tally, host.series);
    }
    take(shard.key().first, shard.key().second, tally);
  }
}

}  // namespace kclhost::host::hub
