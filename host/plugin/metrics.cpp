#include "plugin/metrics.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

#include "support/excerpt.hpp"
#include "support/one_line.hpp"
#include "support/utf8.hpp"

namespace kclhost::host::plugin {
namespace {

constexpr std::size_t shortest_spec =
    offsetof(kclhost_metric_spec, label_count) + sizeof(kclhost_metric_spec::label_count);

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_small(char c) {
  return (c >= 'a' && c <= 'z') || c == '_';
}

bool is_metric_name(std::string_view text) {
  return !text.empty() && !is_digit(text[0]) &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_small(c) || is_digit(c); });
}

bool is_label_name(std::string_view text) {
  return !text.empty() && !is_digit(text[0]) && !text.starts_with("__") &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_small(c) || is_digit(c) || (c >= 'A' && c <= 'Z'); });
}

// Copies a text; false when it is none, or too long.
bool copy(const kclhost_string& from, std::string& to) {
  if (from.size > Metrics::longest_text || (from.data == nullptr && from.size != 0)) return false;
  if (from.size != 0) to.assign(from.data, from.size);
  return true;
}

std::string in_quotes(std::string_view text) {
  return "'" + excerpt(text, 100) + "'";
}

Error wrong(const std::string& metric, const std::string& what) {
  return {"metric " + in_quotes(metric) + ": " + what};
}

// What is wrong with the labels, which have been copied; "" when nothing is. They are in order afterwards.
std::string put_in_order(decltype(Metric::labels)& labels) {
  for (const auto& [name, value] : labels) {
    if (!is_label_name(name)) {
      return "label " + in_quotes(name) + " is no name ([a-zA-Z_][a-zA-Z0-9_]*, not beginning with two underscores)";
    }
    if (first_bad_byte(value) != std::string_view::npos) {
      return "the value of label " + in_quotes(name) + " is no UTF-8 text";
    }
  }
  std::sort(labels.begin(), labels.end());
  const auto twice = std::adjacent_find(labels.begin(), labels.end(),
                                        [](const auto& one, const auto& next) { return one.first == next.first; });
  return twice == labels.end() ? "" : "it has the label " + in_quotes(twice->first) + " twice";
}

Result<Metric> read(const kclhost_metric_spec& spec) {
  if (spec.struct_size < shortest_spec) {
    return Error{"a metric's spec has " + std::to_string(spec.struct_size) +
                 " bytes: set struct_size to sizeof(kclhost_metric_spec)"};
  }
  Metric metric;
  metric.kind = spec.kind;
  if (!copy(spec.name, metric.name) || !is_metric_name(metric.name)) {
    return wrong(metric.name, "its name is none ([a-z_][a-z0-9_]*, at most 1024 bytes)");
  }
  if (spec.kind < KCLHOST_METRIC_COUNTER || spec.kind > KCLHOST_METRIC_HISTOGRAM) {
    return wrong(metric.name, "its kind is " + std::to_string(spec.kind) + ", which is no KCLHOST_METRIC_*");
  }
  if (!copy(spec.unit, metric.unit) || (!metric.unit.empty() && !is_metric_name(metric.unit))) {
    return wrong(metric.name, "its unit is none (such as seconds or bytes, or empty)");
  }
  if (metric.name.ends_with("_total")) return wrong(metric.name, "leave _total out of its name");
  if (!metric.unit.empty() && metric.name.ends_with("_" + metric.unit)) {
    return wrong(metric.name, "leave the unit, _" + metric.unit + ", out of its name");
  }
  if (!copy(spec.help, metric.help) || !is_one_line(metric.help)) {
    return wrong(metric.name, "its help is not one line of text of at most 1024 bytes");
  }
  if (spec.label_count > Metrics::most_labels || (spec.label_count != 0 && spec.labels == nullptr)) {
    return wrong(metric.name, "it has " + std::to_string(spec.label_count) + " labels" +
                                  (spec.labels == nullptr ? ", and labels is NULL" : "; 8 are the most there can be"));
  }
  metric.labels.resize(spec.label_count);
  for (std::size_t i = 0; i < spec.label_count; ++i) {
    if (!copy(spec.labels[i].name, metric.labels[i].first) || !copy(spec.labels[i].value, metric.labels[i].second)) {
      return wrong(metric.name, "the name or value of a label is no text of at most 1024 bytes");
    }
  }
  if (const std::string why = put_in_order(metric.labels); !why.empty()) return wrong(metric.name, why);
  return metric;
}

constexpr const char* kinds[] = {"counter", "gauge", "histogram"};

}  // namespace

Result<Metrics::Made> Metrics::make(const kclhost_metric_spec& spec) {
  Result<Metric> read_spec = read(spec);
  if (!read_spec) return Error{read_spec.error()};
  Metric& metric = *read_spec;
  const auto family = by_name_.find(metric.name);
  if (family != by_name_.end()) {
    const Metric& before = metrics_[family->second.begin()->second];
    if (metric.kind != before.kind) {
      return wrong(metric.name, std::string("it was made as a ") + kinds[before.kind] + " before");
    }
    if (metric.unit != before.unit) return wrong(metric.name, "its unit was " + in_quotes(before.unit) + " before");
    if (metric.help != before.help) return wrong(metric.name, "its help was " + in_quotes(before.help) + " before");
    if (const auto found = family->second.find(metric.labels); found != family->second.end()) {
      return Made{found->second, false};
    }
  }
  if (metrics_.size() == most) return wrong(metric.name, "this instance has made 10000, the most there can be");
  const auto number = static_cast<std::uint32_t>(metrics_.size());
  by_name_[metric.name].emplace(metric.labels, number);
  metrics_.push_back(std::move(metric));
  return Made{number, true};
}

MetricView::MetricView(const Metric& metric) {
  const auto string_of = [](const std::string& text) { return kclhost_string{text.data(), text.size()}; };
  for (std::size_t i = 0; i < metric.labels.size(); ++i) {
    labels_[i] = {string_of(metric.labels[i].first), string_of(metric.labels[i].second)};
  }
  spec_.struct_size = sizeof spec_;
  spec_.kind = metric.kind;
  spec_.name = string_of(metric.name);
  spec_.unit = string_of(metric.unit);
  spec_.help = string_of(metric.help);
  spec_.labels = labels_;
  spec_.label_count = metric.labels.size();
}

}  // namespace kclhost::host::plugin
