#include "observe/metric_totals.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <cmath>

#include "kclhost/plugin.h"
#include "support/json.hpp"

namespace kclhost::host::observe {
namespace {

constexpr std::string_view kinds[] = {"counter", "gauge", "histogram"};

bool is_name(std::string_view text) {
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || c == '_' || (c >= '0' && c <= '9'); };
  return !text.empty() && !(text[0] >= '0' && text[0] <= '9') && std::all_of(text.begin(), text.end(), fits);
}

}  // namespace

std::string_view MetricTotal::kind_name() const {
  return kinds[kind];
}

std::string_view MetricTotals::take(std::int32_t kind, std::string_view name, double value) {
  if (!is_name(name)) return "its name does not match [a-z_][a-z0-9_]*";
  if (kind < KCLHOST_METRIC_COUNTER || kind > KCLHOST_METRIC_HISTOGRAM) return "its kind is none";
  if (!std::isfinite(value)) return "its value is no finite number";
  std::pair<std::string, std::int32_t> key(name, kind);
  auto found = totals_.find(key);
  if (found == totals_.end()) {
    if (totals_.size() == most_names) return "there are 1000 others";
    found = totals_.emplace(std::move(key), MetricTotal{.kind = kind, .name = std::string(name)}).first;
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
  for (const auto& [key, total] : totals_) {
    json.StartArray();
    json.String(total.name.data(), static_cast<rapidjson::SizeType>(total.name.size()));
    json.Int(total.kind);
    json.Uint64(total.count);
    for (const double number : {total.sum, total.least, total.most, total.last}) json.Double(number);
    json.EndArray();
  }
  json.EndArray();
  return {buffer.GetString(), buffer.GetSize()};
}

Result<std::vector<MetricTotal>> MetricTotals::parse(std::string_view text) {
  rapidjson::Document document;
  if (const auto fault = json::parse(text, document)) return Error{fault->str()};
  if (!document.IsArray()) return Error{"no list of metrics"};
  std::vector<MetricTotal> totals;
  for (const auto& row : document.GetArray()) {
    if (!row.IsArray() || row.Size() != 7 || !row[0].IsString() || !row[1].IsInt() || !row[2].IsUint64()) {
      return Error{"no metric"};
    }
    const std::int32_t kind = row[1].GetInt();
    if (kind < KCLHOST_METRIC_COUNTER || kind > KCLHOST_METRIC_HISTOGRAM) return Error{"no kind of metric"};
    double numbers[4];
    for (rapidjson::SizeType i = 0; i < 4; ++i) {
      if (!row[3 + i].IsNumber()) return Error{"no number"};
      numbers[i] = row[3 + i].GetDouble();
    }
    const std::string name(row[0].GetString(), row[0].GetStringLength());
    if (!is_name(name)) return Error{"no name"};
    totals.push_back({kind, name, row[2].GetUint64(), numbers[0], numbers[1], numbers[2], numbers[3]});
  }
  return totals;
}

}  // namespace kclhost::host::observe
