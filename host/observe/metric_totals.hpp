// What a plugin's metrics came to, and how `kclhost run` tells `kclhost replay` of it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/result.hpp"

namespace kclhost::host::observe {

struct MetricTotal {
  std::int32_t kind = 0;  // KCLHOST_METRIC_*
  std::string name;
  std::uint64_t count = 0;  // of values
  double sum = 0, least = 0, most = 0;
  double last = 0;

  std::string_view kind_name() const;
};

// Totals by kind and name. Not thread-safe.
class MetricTotals {
 public:
  static constexpr std::size_t most_names = 1000;

  // Takes a value in; "", or why it is left out.
  std::string_view take(std::int32_t kind, std::string_view name, double value);

  // A line of JSON, and back. What is no such line is an error.
  std::string json() const;
  static Result<std::vector<MetricTotal>> parse(std::string_view json);

 private:
  std::map<std::pair<std::string, std::int32_t>, MetricTotal, std::less<>> totals_;
};

}  // namespace kclhost::host::observe
