#include "run/plugin_metrics.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "observe/metric_totals.hpp"
#include "run/time_bounds.hpp"

namespace kclhost::host::run {
namespace {

constexpr std::string_view full = "there are 1000 others";
static_assert(hub::most_plugin_series == 1000);

// A plugin does not say how its values spread. Times have the buckets of kclhost's own times, all else rises by fours.
std::vector<double> bounds_for(std::string_view unit) {
  if (unit == "seconds") return time_bounds();
  std::vector<double> bounds;
  for (double bound = unit == "bytes" ? 64 : 1; bounds.size() < 12; bound *= 4) bounds.push_back(bound);
  return bounds;
}

}  // namespace

std::string_view PluginMetrics::make(WorkerId worker, std::uint32_t number, const kclhost_metric_spec& spec) {
  std::vector<Made>& made = made_[worker];
  made.resize(std::max<std::size_t>(made.size(), number + std::size_t{1}));
  observe::MetricName metric(spec);
  hub::Family about{metric.unit.empty() ? metric.name : metric.name + "_" + metric.unit,
                    static_cast<hub::Kind>(metric.kind), metric.unit,
                    spec.help.size == 0 ? std::string() : std::string(spec.help.data, spec.help.size)};
  if (about.name.starts_with("kclhost_")) return "its name begins with kclhost_, as the host's own do";
  const auto known = families_.find(about.name);
  if (known != families_.end() && (known->second.about.kind != about.kind || known->second.about.unit != about.unit)) {
    return "it was of another kind before";
  }
  const bool is_new = known == families_.end() || !known->second.readings.contains(metric.labels);
  // What is left out leaves nothing behind: each life of a worker may bring new names.
  if (is_new && count_ == hub::most_plugin_series) return full;
  Family& family = families_.try_emplace(about.name, Family{about, {}}).first->second;
  hub::Reading& reading = family.readings[metric.labels];
  if (is_new) {
    ++count_;
    if (about.kind == hub::Kind::histogram) reading = hub::Reading::distribution(bounds_for(about.unit));
  }
  made[number] = {&reading, about.kind};
  return {};
}

bool PluginMetrics::take(WorkerId worker, std::uint32_t number, double value) {
  const auto found = made_.find(worker);
  if (found == made_.end() || number >= found->second.size()) return false;
  const auto [reading, kind] = found->second[number];
  if (reading == nullptr || !std::isfinite(value) || (kind == hub::Kind::counter && value < 0)) return false;
  double& sum = kind == hub::Kind::histogram ? reading->sum : reading->value;
  if (kind != hub::Kind::gauge && !std::isfinite(sum + value)) return false;
  if (kind == hub::Kind::histogram) {
    reading->observe(value);
  } else {
    reading->value = kind == hub::Kind::counter ? sum + value : value;
  }
  return true;
}

void PluginMetrics::add_to(std::vector<hub::Series>& all) const {
  for (const auto& [name, family] : families_) {
    for (const auto& [labels, reading] : family.readings) all.push_back({family.about, labels, reading});
  }
}

}  // namespace kclhost::host::run
