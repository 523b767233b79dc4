#include "observe/metric_totals.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <cmath>

#include "support/json.hpp"
#include "support/one_line.hpp"

namespace kclhost::host::observe {
namespace {

constexpr std::string_view kinds[] = {"counter", "gauge", "histogram"};

using Labels = decltype(MetricName::labels);

std::string copy(const kclhost_string& text) {
  return text.size == 0 ? std::string() : std::string(text.data, text.size);
}

template <class Json>
void write(Json& json, const std::string& text) {
  json.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

bool read(const rapidjson::Value& from, std::string& to) {
  if (!from.IsString()) return false;
  to.assign(from.GetString(), from.GetStringLength());
  return true;
}

bool read(const rapidjson::Value& from, Labels& to) {
  if (!from.IsArray()) return false;
  for (const auto& pair : from.GetArray()) {
    auto& [name, value] = to.emplace_back();
    if (!pair.IsArray() || pair.Size() != 2 || !read(pair[0], name) || !read(pair[1], value)) return false;
  }
  return true;
}

bool read(const rapidjson::Value& row, NamedTotal& to) {
  auto& [metric, total] = to;
  if (!row.IsArray() || row.Size() != 9 || !read(row[0], metric.name) || !row[1].IsInt() || !row[2].IsUint64() ||
      !read(row[7], metric.unit) || !read(row[8], metric.labels)) {
    return false;
  }
  metric.kind = row[1].GetInt();
  if (metric.kind < KCLHOST_METRIC_COUNTER || metric.kind > KCLHOST_METRIC_HISTOGRAM) return false;
  total.count = row[2].GetUint64();
  rapidjson::SizeType at = 3;
  for (double* const number : {&total.sum, &total.least, &total.most, &total.last}) {
    if (!row[at].IsNumber()) return false;
    *number = row[at++].GetDouble();
  }
  return true;
}

}  // namespace

MetricName::MetricName(const kclhost_metric_spec& spec)
    : name(copy(spec.name)), kind(spec.kind), unit(copy(spec.unit)) {
  for (std::size_t i = 0; i < spec.label_count; ++i) {
    labels.emplace_back(copy(spec.labels[i].name), copy(spec.labels[i].value));
  }
}

std::string_view MetricName::kind_name() const {
  return kinds[kind];
}

std::string MetricName::text() const {
  std::string text = name;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    text += (i == 0 ? "{" : ",") + labels[i].first + "=\"" + labels[i].second + "\"";
  }
  if (!labels.empty()) text += "}";
  return one_line(text);
}

std::string_view MetricTotals::take(const MetricName& metric, double value) {
  if (!std::isfinite(value)) return "its value is no finite number";
  if (metric.kind == KCLHOST_METRIC_COUNTER && value < 0) return "it is a counter, and its value is negative";
  auto found = totals_.find(metric);
  if (found == totals_.end()) {
    if (totals_.size() == most_names) return "there are 1000 others";
    found = totals_.emplace(metric, MetricTotal{}).first;
  }
  MetricTotal& total = found->second;
  if (!std::isfinite(total.sum + value)) return "its sum is no finite number";
  total.sum += value;
  total.least = total.count == 0 ? value : std::min(total.least, value);
  total.most = total.count == 0 ? value : std::max(total.most, value);
  total.last = value;
  ++total.count;
  return {};
}

std::string MetricTotals::json() const {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> json(buffer);
  json.StartArray();
  for (const auto& [metric, total] : totals_) {
    json.StartArray();
    write(json, metric.name);
    json.Int(metric.kind);
    json.Uint64(total.count);
    for (const double number : {total.sum, total.least, total.most, total.last}) json.Double(number);
    write(json, metric.unit);
    json.StartArray();
    for (const auto& [name, value] : metric.labels) {
      json.StartArray();
      write(json, name);
      write(json, value);
      json.EndArray();
    }
    json.EndArray();
    json.EndArray();
  }
  json.EndArray();
  return {buffer.GetString(), buffer.GetSize()};
}

Result<std::vector<NamedTotal>> MetricTotals::parse(std::string_view text) {
  rapidjson::Document document;
  if (const auto fault = json::parse(text, document)) return Error{fault->str()};
  if (!document.IsArray()) return Error{"no list of metrics"};
  std::vector<NamedTotal> totals(document.Size());
  for (rapidjson::SizeType i = 0; i < document.Size(); ++i) {
    if (!read(document[i], totals[i])) return Error{"no metric"};
  }
  return totals;
}

}  // namespace kclhost::host::observe
