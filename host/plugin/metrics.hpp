// The metrics that a plugin makes.
#pragma once

#include <kclhost/plugin.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "support/result.hpp"

namespace kclhost::host::plugin {

// A spec with texts of its own.
struct Metric {
  std::int32_t kind = KCLHOST_METRIC_COUNTER;
  std::string name, unit, help;
  std::vector<std::pair<std::string, std::string>> labels;  // by their names
};

// The metrics of one instance, numbered from 0 as they are made. Not thread-safe.
class Metrics {
 public:
  static constexpr std::size_t most = 10'000;
  static constexpr std::size_t longest_text = 1024;  // bytes
  static constexpr std::size_t most_labels = 8;

  struct Made {
    std::uint32_t number;
    bool is_new;  // false: there was one of this name with these labels
  };
  // Makes the metric that a plugin asks for, or finds it. The spec is read as far as its struct_size says. The error
  // says, in one line, what is wrong with it.
  Result<Made> make(const kclhost_metric_spec& spec);

  std::size_t size() const { return metrics_.size(); }
  const Metric& operator[](std::uint32_t number) const { return metrics_[number]; }

 private:
  std::deque<Metric> metrics_;
  std::map<std::string, std::map<decltype(Metric::labels), std::uint32_t>> by_name_;
};

// A metric as the ABI has it, as long as the metric and this live.
class MetricView {
 public:
  explicit MetricView(const Metric& metric);
  MetricView(const MetricView&) = delete;
  MetricView& operator=(const MetricView&) = delete;
  const kclhost_metric_spec& operator*() const { return spec_; }

 private:
  kclhost_label labels_[Metrics::most_labels];
  kclhost_metric_spec spec_{};
};

}  // namespace kclhost::host::plugin
