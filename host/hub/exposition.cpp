#include "hub/exposition.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "hub/health.hpp"
#include "hub/own_series.hpp"

namespace kclhost::host::hub {
namespace {

double to_seconds(std::int64_t ms) {
  return static_cast<double>(ms) / 1000;
}

// The labels of whoever it is, in front of the series' own.
Labels with(const std::string& stream, const std::string& shard, const Labels& own) {
  Labels labels{{"stream", stream}, {"shard", shard}};
  for (const auto& label : own) {
    const bool taken = label.first == "stream" || label.first == "shard" || label.first == "le";
    labels.emplace_back(taken ? "plugin_" + label.first : label.first, label.second);
  }
  return labels;
}

void add_of_state(Tally& tally, const Snapshot::Host& host, std::int64_t now, std::chrono::milliseconds window) {
  const ShardState& state = host.state;
  const auto gauge = [&](const Family& family, double value, const Labels& own = {}) {
    tally.add({family, with(state.stream, state.shard, own), {.value = value, .sum = 0, .bounds = {}, .counts = {}}});
  };
  gauge(own::ready, trouble_of(host, now, window).empty() ? 1 : 0);
  gauge(own::blocked, state.blocked ? 1 : 0);
  gauge(own::waiting,
        state.waiting_since_ms == 0 ? 0 : to_seconds(std::max<std::int64_t>(now - state.waiting_since_ms, 0)));
  if (state.behind_ms >= 0) gauge(own::behind_latest, to_seconds(state.behind_ms));
  gauge(own::checkpoint_age,
        state.uncovered_since_ms == 0 ? 0 : to_seconds(std::max<std::int64_t>(now - state.uncovered_since_ms, 0)));
  if (state.checkpoint_ms != 0) gauge(own::checkpoint_time, to_seconds(state.checkpoint_ms));
  if (!state.plugin.empty()) {
    gauge(own::plugin_info, 1,
          {{"plugin", state.plugin}, {"version", state.version}, {"release", state.release}, {"sha256", state.sha256}});
  }
}

// Takes them: of many shards there is no more than one at a time in both forms. What makes no sense is left out.
void add_series(Tally& tally, const std::string& stream, const std::string& shard, std::vector<std::string>& parts) {
  for (std::string& part : parts) {
    auto all = parse_series(part);
    part = {};
    if (!all) continue;
    for (Series& one : *all) {
      one.labels = with(stream, shard, one.labels);
      tally.add(one);
    }
  }
}

void append_number(std::string& out, double value) {
  if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
    return;
  }
  char digits[32];
  // Whole ones without an exponent, for people.
  const bool whole = value == std::floor(value) && std::fabs(value) < 1e15;
  const auto end = whole ? std::to_chars(digits, digits + sizeof digits, static_cast<std::int64_t>(value)).ptr
                         : std::to_chars(digits, digits + sizeof digits, value).ptr;
  out.append(digits, end);
}

void append_escaped(std::string& out, std::string_view text, bool quotes) {
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\\' || (c == '"' && quotes)) {
      out += '\\';
      out += c;
    } else {
      out += c;
    }
  }
}

void append_sample(std::string& out, const std::string& name, const char* suffix, const Labels& labels, double value,
                   const double* bound = nullptr) {
  out += name;
  out += suffix;
  char opening = '{';
  const auto label = [&](std::string_view key, std::string_view text) {
    out += opening;
    opening = ',';
    out += key;
    out += "=\"";
    append_escaped(out, text, true);
    out += '"';
  };
  for (const auto& [key, text] : labels) label(key, text);
  if (bound != nullptr) {
    std::string text;
    append_number(text, *bound);
    label("le", text);
  }
  if (opening == ',') out += '}';
  out += ' ';
  append_number(out, value);
  out += '\n';
}

void append_histogram(std::string& out, const std::string& name, const Labels& labels, const Reading& reading) {
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < reading.counts.size(); ++i) {
    count += reading.counts[i];
    const double bound = i < reading.bounds.size() ? reading.bounds[i] : HUGE_VAL;
    append_sample(out, name, "_bucket", labels, static_cast<double>(count), &bound);
  }
  append_sample(out, name, "_sum", labels, reading.sum);
  append_sample(out, name, "_count", labels, static_cast<double>(count));
}

}  // namespace

Tally collect(Snapshot snapshot, std::chrono::milliseconds window) {
  Tally tally;
  const auto gauge = [&](const Family& family, double value, const Labels& labels = {}) {
    tally.add({family, labels, {.value = value, .sum = 0, .bounds = {}, .counts = {}}});
  };
  gauge(own::build_info, 1, {{"version", snapshot.launch.version}});
  for (const LaunchState& launch : snapshot.daemons()) {
    const bool alone = snapshot.streams.empty();
    const Labels labels = alone ? Labels{} : Labels{{"stream", launch.name}};
    gauge(own::daemon_up, launch.daemon_pid != 0 ? 1 : 0, labels);
    const auto owned = std::count_if(snapshot.hosts.begin(), snapshot.hosts.end(), [&](const auto& host) {
      return !host.state.shard.empty() && (alone || host.state.stream == launch.name);
    });
    gauge(own::shards, static_cast<double>(owned), labels);
    if (!alone) gauge(own::stream_restarts, static_cast<double>(launch.restarts), labels);
  }
  for (Snapshot::Left& left : snapshot.left) {
    add_series(tally, left.stream, left.shard, left.series);
  }
  for (Snapshot::Host& host : snapshot.hosts) {
    if (host.state.shard.empty()) continue;
    add_of_state(tally, host, snapshot.taken_ms, window);
    add_series(tally, host.state.stream, host.state.shard, host.series);
  }
  return tally;
}

const char* content_type(Format format) {
  return format == Format::open_metrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                        : "text/plain; version=0.0.4; charset=utf-8";
}

std::string expose(const Tally& tally, Format format) {
  constexpr const char* kinds[] = {"counter", "gauge", "histogram"};
  std::string out;
  for (const auto& [name, entry] : tally.families()) {
    const Family& family = entry.family;
    const bool open = format == Format::open_metrics;
    const std::string shown = name + (family.kind == Kind::counter && !open ? "_total" : "");
    out += "# TYPE " + shown + " " + kinds[static_cast<int>(family.kind)] + "\n";
    if (open && !family.unit.empty()) out += "# UNIT " + shown + " " + family.unit + "\n";
    if (!family.help.empty()) {
      out += "# HELP " + shown + " ";
      append_escaped(out, family.help, open);
      out += '\n';
    }
    for (const auto& [labels, reading] : entry.readings) {
      if (family.kind == Kind::histogram) {
        append_histogram(out, name, labels, reading);
      } else {
        append_sample(out, name, family.kind == Kind::counter ? "_total" : "", labels, reading.value);
      }
    }
  }
  if (format == Format::open_metrics) out += "# EOF\n";
  return out;
}

}  // namespace kclhost::host::hub
