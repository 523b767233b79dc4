// What a plugin's metrics came to, and how `kclhost run` tells `kclhost replay` of it.
#pragma once

#include <kclhost/plugin.h>

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/result.hpp"

namespace kclhost::host::observe {

// A metric, with the labels that tell it from the others of its name.
struct MetricName {
  std::string name;
  std::int32_t kind = 0;  // KCLHOST_METRIC_*
  std::string unit;       // may be empty
  std::vector<std::pair<std::string, std::string>> labels;

  MetricName() = default;
  explicit MetricName(const kclhost_metric_spec& spec);
  auto operator<=>(const MetricName&) const = default;

  std::string_view kind_name() const;
  // words{language="en"}, in one line.
  std::string text() const;
};

struct MetricTotal {
  std::uint64_t count = 0;  // of values
  double sum = 0, least = 0, most = 0;
  double last = 0;
};

using NamedTotal = std::pair<MetricName, MetricTotal>;

// Totals by metric. Not thread-safe.
class MetricTotals {
 public:
  static constexpr std::size_t most_names = 1000;

  // Takes a value in; "", or why it is left out.
  std::string_view take(const MetricName& metric, double value);

  // A line of JSON, and back. What is no such line is an error.
  std::string json() const;
  static Result<std::vector<NamedTotal>> parse(std::string_view json);

 private:
  std::map<MetricName, MetricTotal> totals_;
};

}  // namespace kclhost::host::observe
