#include "hub/emf.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "hub/collecting.hpp"
#include "hub/own_series.hpp"
#include "support/json_out.hpp"

namespace kclhost::host::hub {
namespace {

// Of a histogram, what it adds up to and how often.
enum class Part { value, sum, count };

struct Metric {
  const own::OwnFamily& family;
  const char* unit;        // as CloudWatch calls it
  const char* label = "";  // only readings with this value of any label; empty: all of them together
  Part part = Part::value;

  std::string name() const {
    std::string name(family.name);
    if (*label != '\0') name += std::string("_") + label;
    if (part != Part::value) name += part == Part::sum ? "_sum" : "_count";
    return name;
  }
  bool counts() const { return family.kind != Kind::gauge; }
};

constexpr Metric metrics[] = {
    {own::received_records, "Count"},
    {own::received_bytes, "Bytes"},
    {own::finished_records, "Count", "processed"},
    {own::finished_records, "Count", "dead_letter"},
    {own::finished_records, "Count", "skipped"},
    {own::failures, "Count"},
    {own::retries, "Count"},
    {own::restarts, "Count"},
    {own::checkpoints, "Count", "recorded"},
    {own::checkpoints, "Count", "failed"},
    {own::process, "Seconds", "", Part::sum},
    {own::process, "Count", "", Part::count},
    {own::in_flight_records, "Count"},
    {own::in_flight_bytes, "Bytes"},
    {own::behind_latest, "Seconds"},
    {own::checkpoint_age, "Seconds"},
    {own::waiting, "Seconds"},
    {own::blocked, "None"},
    {own::ready, "None"},
};

using Whose = std::pair<std::string, std::string>;  // stream and shard

bool has_value(const Labels& labels, std::string_view value) {
  return std::any_of(labels.begin(), labels.end(), [value](const auto& label) { return label.second == value; });
}

double part_of(const Reading& reading, Part part) {
  if (part == Part::value) return reading.value;
  if (part == Part::sum) return reading.sum;
  double count = 0;
  for (const std::uint64_t in_bucket : reading.counts) count += static_cast<double>(in_bucket);
  return count;
}

// Nothing if the shard has no such series.
std::optional<double> value_of(const Tally& tally, const Metric& metric) {
  const auto family = tally.families().find(std::string(metric.family.name));
  if (family == tally.families().end()) return std::nullopt;
  std::optional<double> sum;
  for (const auto& [labels, reading] : family->second.readings) {
    if (*metric.label != '\0' && !has_value(labels, metric.label)) continue;
    const double value = part_of(reading, metric.part);
    if (std::isfinite(value)) sum = sum.value_or(0) + value;
  }
  return sum;
}

struct Measured {
  std::string name;
  const char* unit;
  double value;
};

std::string emf_line(const LaunchState& launch, const Whose& whose, std::int64_t now_ms, const std::string& time,
                     const std::vector<Measured>& values) {
  const auto& [stream, shard] = whose;
  JsonOut out;
  out.open('{').key("_aws").open('{').member("Timestamp", now_ms).key("CloudWatchMetrics").open('[').open('{');
  out.member("Namespace", "kclhost").key("Dimensions").open('[');
  out.open('[').value("application").value("stream").close(']');
  if (!shard.empty()) out.open('[').value("application").value("stream").value("shard").close(']');
  out.close(']').key("Metrics").open('[');
  for (const Measured& value : values) out.open('{').member("Name", value.name).member("Unit", value.unit).close('}');
  out.close(']').close('}').close(']').close('}');
  out.member("time", time).member("level", "info").member("source", "metrics");
  out.member("message", shard.empty() ? "metrics of the application" : "metrics of the shard");
  out.member("application", launch.application).member("stream", stream);
  if (!shard.empty()) out.member("shard", shard);
  for (const Measured& value : values) out.member(value.name, value.value);
  return out.close('}').take();
}

}  // namespace

std::vector<std::string> EmfLines::next(Snapshot snapshot, std::chrono::milliseconds window, const std::string& time) {
  const LaunchState launch = snapshot.launch;
  const std::int64_t now_ms = snapshot.taken_ms;
  const Tally of_launch = collect_of_launch(snapshot);
  std::vector<std::string> lines;
  Counted counted;
  const auto take = [&](const std::string& stream, const std::string& shard, const Tally& tally) {
    const Whose whose{stream, shard};
    std::vector<Measured> values;
    bool changed = false;
    for (const Metric& metric : metrics) {
      const std::string name = metric.name();
      auto value = value_of(tally, metric);
      if (!value) continue;
      if (metric.counts()) {
        counted[{name, whose}] = *value;
        const auto before = before_.find({name, whose});
        // A shard that was away for very long begins anew.
        if (before != before_.end() && before->second <= *value) *value -= before->second;
      }
      changed |= !metric.counts() || *value > 0;
      values.push_back({name, metric.unit, *value});
    }
    if (changed) lines.push_back(emf_line(launch, whose, now_ms, time, values));
  };
  collect_of_shards(std::move(snapshot), window, take);
  before_ = std::move(counted);
  const auto number = of_launch.families().find(std::string(own::shards.name));
  lines.push_back(emf_line(launch, {launch.label(), ""}, now_ms, time,
                           {{std::string(own::shards.name), "Count", number->second.readings.begin()->second.value}}));
  return lines;
}

}  // namespace kclhost::host::hub
