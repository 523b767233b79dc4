#include "hub/series.hpp"

#include <algorithm>
#include <cmath>

#include "hub/own_series.hpp"
#include "support/json.hpp"
#include "support/json_out.hpp"

namespace kclhost::host::hub {
namespace {

using Value = rapidjson::Value;

const own::OwnFamily* own_family(std::string_view name) {
  const auto found = std::find_if(std::begin(own::sent_by_hosts), std::end(own::sent_by_hosts),
                                  [name](const own::OwnFamily* one) { return one->name == name; });
  return found == std::end(own::sent_by_hosts) ? nullptr : *found;
}

// Of an own one the name says all.
bool is_own(const Family& family) {
  const own::OwnFamily* const own = own_family(family.name);
  return own != nullptr && own->kind == family.kind && own->unit == family.unit && own->help == family.help;
}

void write(JsonOut& out, const Series& series) {
  const auto& [family, labels, reading] = series;
  out.open('{').member("name", family.name);
  if (!is_own(family)) {
    out.member("kind", static_cast<int>(family.kind));
    if (!family.unit.empty()) out.member("unit", family.unit);
    if (!family.help.empty()) out.member("help", family.help);
  }
  out.key("labels").open('[');
  for (const auto& [name, value] : labels) out.open('[').value(name).value(value).close(']');
  out.close(']');
  if (family.kind != Kind::histogram) {
    out.member("value", reading.value);
  } else {
    out.member("sum", reading.sum).key("bounds").open('[');
    for (const double bound : reading.bounds) out.value(bound);
    out.close(']').key("counts").open('[');
    for (const std::uint64_t count : reading.counts) out.value(count);
    out.close(']');
  }
  out.close('}');
}

const Value* member(const Value& object, const char* name) {
  const auto found = object.FindMember(name);
  return found == object.MemberEnd() ? nullptr : &found->value;
}

bool read(const Value* from, std::string& to) {
  if (from == nullptr || !from->IsString()) return false;
  to.assign(from->GetString(), from->GetStringLength());
  return true;
}

bool read(const Value* from, double& to) {
  if (from == nullptr || !from->IsNumber()) return false;
  to = from->GetDouble();
  return true;
}

bool read(const Value* from, Labels& to) {
  if (from == nullptr || !from->IsArray()) return false;
  for (const auto& pair : from->GetArray()) {
    auto& [name, value] = to.emplace_back();
    if (!pair.IsArray() || pair.Size() != 2 || !read(&pair[0], name) || !read(&pair[1], value)) return false;
  }
  return true;
}

bool read_histogram(const Value& row, Reading& to) {
  const Value *const bounds = member(row, "bounds"), *const counts = member(row, "counts");
  if (!read(member(row, "sum"), to.sum) || bounds == nullptr || !bounds->IsArray() || counts == nullptr ||
      !counts->IsArray() || counts->Size() != bounds->Size() + 1) {
    return false;
  }
  for (const auto& bound : bounds->GetArray()) {
    if (!bound.IsNumber() || (!to.bounds.empty() && bound.GetDouble() <= to.bounds.back())) return false;
    to.bounds.push_back(bound.GetDouble());
  }
  for (const auto& count : counts->GetArray()) {
    if (!count.IsUint64()) return false;
    to.counts.push_back(count.GetUint64());
  }
  return true;
}

bool is_name(std::string_view text) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !text.empty() && (text[0] < '0' || text[0] > '9') && std::all_of(text.begin(), text.end(), fits);
}

// Whether it can stand on the page: whoever reads that takes no more of it where a line makes no sense.
bool is_sound(const Series& series) {
  const Family& family = series.family;
  if (!is_name(family.name) || (!family.unit.empty() && !family.name.ends_with("_" + family.unit))) return false;
  std::vector<std::string_view> names;
  for (const auto& [name, value] : series.labels) {
    if (!is_name(name)) return false;
    names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  if (std::adjacent_find(names.begin(), names.end()) != names.end()) return false;
  return family.kind != Kind::counter || series.reading.value >= 0;
}

bool read(const Value& row, Family& to) {
  if (!read(member(row, "name"), to.name)) return false;
  const Value* const kind = member(row, "kind");
  if (kind == nullptr) {
    const own::OwnFamily* const own = own_family(to.name);
    if (own == nullptr) return false;
    to = *own;
    return true;
  }
  if (!kind->IsInt() || kind->GetInt() < 0 || kind->GetInt() > 2) return false;
  to.kind = static_cast<Kind>(kind->GetInt());
  for (const auto& [name, text] : {std::pair{"unit", &to.unit}, std::pair{"help", &to.help}}) {
    if (const Value* const given = member(row, name); given != nullptr && !read(given, *text)) return false;
  }
  return true;
}

bool read(const Value& row, Series& to) {
  if (!row.IsObject() || !read(row, to.family) || !read(member(row, "labels"), to.labels)) return false;
  const bool whole = to.family.kind == Kind::histogram ? read_histogram(row, to.reading)
                                                       : read(member(row, "value"), to.reading.value);
  return whole && is_sound(to);
}

}  // namespace

Reading Reading::distribution(std::vector<double> bounds) {
  Reading reading;
  reading.counts.resize(bounds.size() + 1);
  reading.bounds = std::move(bounds);
  return reading;
}

void Reading::observe(double observed) {
  sum += observed;
  ++counts[static_cast<std::size_t>(std::lower_bound(bounds.begin(), bounds.end(), observed) - bounds.begin())];
}

void Reading::add(const Reading& other, Kind kind) {
  // A sum that no number holds stays where it is.
  if (!std::isfinite(value + other.value) || !std::isfinite(sum + other.sum)) return;
  if (kind == Kind::gauge) {
    value = other.value;
  } else if (kind == Kind::counter) {
    value += other.value;
  } else if (counts.empty()) {
    *this = other;
  } else if (bounds == other.bounds) {
    sum += other.sum;
    for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += other.counts[i];
  }
}

std::vector<std::string> to_json(const std::vector<Series>& all, std::size_t longest) {
  std::vector<std::string> texts;
  std::string part = "[";
  for (const Series& series : all) {
    JsonOut out;
    write(out, series);
    const std::string one = out.take();
    if (one.size() + 2 > longest) continue;
    if (part.size() + one.size() + 2 > longest) {
      texts.push_back(part + "]");
      part = "[";
    }
    if (part.size() > 1) part += ',';
    part += one;
  }
  texts.push_back(part + "]");
  return texts;
}

Result<std::vector<Series>> parse_series(std::string_view text) {
  rapidjson::Document document;
  if (const auto fault = json::parse(text, document, json::Utf8::checked)) return Error{fault->str()};
  if (!document.IsArray()) return Error{"no list of series"};
  std::vector<Series> all(document.Size());
  for (rapidjson::SizeType i = 0; i < document.Size(); ++i) {
    if (!read(document[i], all[i])) return Error{"no series"};
  }
  return all;
}

void Tally::add(Series series) {
  const Kind kind = series.family.kind;
  const auto [found, is_new] = families_.try_emplace(series.family.name);
  Family& family = found->second.family;
  if (is_new) {
    family = std::move(series.family);
  } else if (family.kind != kind || family.unit != series.family.unit) {
    return;
  }
  found->second.readings[std::move(series.labels)].add(series.reading, kind);
}

void Tally::add_counted(Series series) {
  if (series.family.kind == Kind::gauge) return;
  if (!series.family.name.starts_with("kclhost_") && !knows(series)) {
    if (counted_of_plugin_ == most_plugin_series) return;
    ++counted_of_plugin_;
  }
  add(std::move(series));
}

bool Tally::knows(const Series& series) const {
  const auto found = families_.find(series.family.name);
  return found != families_.end() && found->second.readings.contains(series.labels);
}

std::vector<Series> Tally::series() const {
  std::vector<Series> all;
  for (const auto& [name, entry] : families_) {
    for (const auto& [labels, reading] : entry.readings) all.push_back({entry.family, labels, reading});
  }
  return all;
}

}  // namespace kclhost::host::hub
