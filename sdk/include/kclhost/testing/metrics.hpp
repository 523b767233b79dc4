// The metrics that a plugin made, and what it recorded into them.
#ifndef KCLHOST_TESTING_METRICS_HPP
#define KCLHOST_TESTING_METRICS_HPP

#include <kclhost/plugin.h>
#include <kclhost/context.hpp>
#include <kclhost/detail/views.hpp>
#include <kclhost/testing/detail/text.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kclhost::testing {

// One metric with one set of labels.
struct Series {
  std::int32_t kind = KCLHOST_METRIC_COUNTER;
  MetricSpec spec{};
  std::vector<double> values{};  // as they were recorded

  // rows{table="events"}
  std::string name() const {
    std::string text = spec.name;
    for (const Label& label : spec.labels) {
      text += (&label == spec.labels.data() ? "{" : ",") + label.name + "=\"" + label.value + '"';
    }
    return spec.labels.empty() ? text : text + '}';
  }
  double sum() const {
    double sum = 0;
    for (const double value : values) sum += value;
    return sum;
  }
};

namespace detail {

inline bool is_name(std::string_view text, bool upper_case) {
  const auto is_letter = [&](char c) {
    return (c >= 'a' && c <= 'z') || c == '_' || (upper_case && c >= 'A' && c <= 'Z');
  };
  const auto fits = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); };
  return !text.empty() && is_letter(text[0]) && std::all_of(text.begin(), text.end(), fits);
}

inline bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

inline bool same_labels(std::vector<Label> a, std::vector<Label> b) {
  const auto by_name = [](const Label& left, const Label& right) { return left.name < right.name; };
  std::sort(a.begin(), a.end(), by_name);
  std::sort(b.begin(), b.end(), by_name);
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Label& left, const Label& right) {
    return left.name == right.name && left.value == right.value;
  });
}

// Not safe for several threads.
class Metrics {
 public:
  // Throws std::invalid_argument, with what a host says.
  Series& make(const kclhost_metric_spec& c) {
    if (!kclhost::detail::reaches(c, c.label_count)) {
      throw std::invalid_argument("a metric's spec has " + std::to_string(c.struct_size) +
                                  " bytes: set struct_size to sizeof(kclhost_metric_spec)");
    }
    Series made;
    made.kind = c.kind;
    made.spec = spec_of(c);
    check(made);
    for (Series& series : all_) {
      if (series.spec.name != made.spec.name) continue;
      if (series.kind != made.kind || series.spec.unit != made.spec.unit || series.spec.help != made.spec.help) {
        throw std::invalid_argument("metric " + made.spec.name + " was made with another kind, unit or help");
      }
      if (same_labels(series.spec.labels, made.spec.labels)) return series;
    }
    all_.push_back(std::move(made));
    return all_.back();
  }

  // Null: it was never made.
  const Series* find(std::int32_t kind, const std::string& name, const std::vector<Label>& labels) const {
    for (const Series& series : all_) {
      if (series.kind == kind && series.spec.name == name && same_labels(series.spec.labels, labels)) return &series;
    }
    return nullptr;
  }
  std::string names() const {
    std::string text;
    for (const Series& series : all_) text += (text.empty() ? "" : ", ") + series.name();
    return text.empty() ? "none" : text;
  }

 private:
  static constexpr std::size_t longest_text = 1024;

  static std::string own(kclhost_string text) { return std::string(kclhost::detail::view(text)); }

  static MetricSpec spec_of(const kclhost_metric_spec& c) {
    MetricSpec spec{own(c.name), own(c.help), own(c.unit), {}};
    for (std::size_t i = 0; i < c.label_count; ++i)
      spec.labels.push_back({own(c.labels[i].name), own(c.labels[i].value)});
    return spec;
  }

  static void check(const Series& made) {
    const auto refuse = [](const std::string& why) { throw std::invalid_argument(why); };
    const MetricSpec& spec = made.spec;
    if (made.kind < KCLHOST_METRIC_COUNTER || made.kind > KCLHOST_METRIC_HISTOGRAM) {
      refuse("metric " + spec.name + ": there is no kind " + std::to_string(made.kind));
    }
    if (!is_name(spec.name, false)) refuse("metric \"" + spec.name + "\": a name is [a-z_][a-z0-9_]*");
    if (ends_with(spec.name, "_total")) refuse("metric " + spec.name + ": a name does not end with _total");
    if (!spec.unit.empty() && !is_name(spec.unit, false)) {
      refuse("metric " + spec.name + ": \"" + spec.unit + "\" is no unit");
    }
    if (!spec.unit.empty() && ends_with(spec.name, "_" + spec.unit)) {
      refuse("metric " + spec.name + ": a name does not end with its unit");
    }
    if (!is_one_line(spec.help)) refuse("metric " + spec.name + ": its help is one line of text");
    for (const std::string* text : {&spec.name, &spec.unit, &spec.help}) {
      if (text->size() > longest_text) refuse("metric " + spec.name + ": a text has more than 1,024 bytes");
    }
    if (spec.labels.size() > 8) refuse("metric " + spec.name + ": it has more than 8 labels");
    for (const Label& label : spec.labels) {
      if (!is_name(label.name, true) || label.name.substr(0, 2) == "__") {
        refuse("metric " + spec.name + ": \"" + label.name + "\" is no label's name");
      }
      if (!is_text(label.value)) refuse("metric " + spec.name + ": the value of " + label.name + " is no UTF-8 text");
      if (label.name.size() > longest_text || label.value.size() > longest_text) {
        refuse("metric " + spec.name + ": a label has more than 1,024 bytes");
      }
      for (const Label& other : spec.labels) {
        if (&other != &label && other.name == label.name) {
          refuse("metric " + spec.name + ": two labels " + label.name);
        }
      }
    }
  }

  std::deque<Series> all_;  // which do not move
};

}  // namespace detail
}  // namespace kclhost::testing

#endif  // KCLHOST_TESTING_METRICS_HPP
