#include "conformance/report.hpp"

#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include <algorithm>

#include "support/one_line.hpp"

namespace kclhost::host::conformance {
namespace {

constexpr const char* name_of(Weight weight) {
  return weight == Weight::fault ? "finding" : "warning";
}

// "1 finding", "2 findings"
std::string counted(std::size_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

std::string summary(const Report& report) {
  const std::size_t faults = report.count(Weight::fault), warnings = report.count(Weight::warning);
  std::string text = faults == 0 ? "nothing to mend" : counted(faults, "finding");
  if (warnings != 0) text += ", " + counted(warnings, "warning");
  return text;
}

}  // namespace

std::string Finding::str() const {
  std::string text = done + ": " + did + "; " + mend;
  if (times > 1) text += " (seen " + std::to_string(times) + " times)";
  return one_line(text);
}

void Report::add(Finding finding) {
  const auto known =
      std::find_if(findings_.begin(), findings_.end(), [&](const Finding& one) { return one.key == finding.key; });
  if (known == findings_.end()) {
    findings_.push_back(std::move(finding));
  } else {
    known->times += finding.times;
  }
}

std::size_t Report::count(Weight weight) const {
  return static_cast<std::size_t>(
      std::count_if(findings_.begin(), findings_.end(), [weight](const Finding& one) { return one.weight == weight; }));
}

std::string text_of(const Report& report) {
  std::string text;
  for (const Weight weight : {Weight::fault, Weight::warning}) {
    for (const Finding& one : report.findings()) {
      if (one.weight == weight) text += std::string(name_of(weight)) + ": " + one.str() + "\n";
    }
  }
  if (!report.broken_off.empty()) text += "note: " + one_line(report.broken_off) + "\n";
  return text + "plugin " + report.id + " " + report.version + ", " + counted(report.scenes.size(), "scene") +
         " with seed " + std::to_string(report.seed) + ": " + summary(report) + "\n";
}

std::string json_of(const Report& report) {
  rapidjson::StringBuffer buffer;
  rapidjson::PrettyWriter<rapidjson::StringBuffer> json(buffer);
  json.SetIndent(' ', 2);
  const auto text = [&json](const char* key, const std::string& value) {
    const std::string line = one_line(value);
    json.Key(key);
    json.String(line.c_str(), static_cast<rapidjson::SizeType>(line.size()));
  };
  json.StartObject();
  text("id", report.id);
  text("version", report.version);
  text("file", report.file);
  json.Key("seed");
  json.Uint64(report.seed);
  json.Key("scenes");
  json.StartArray();
  for (const std::string& name : report.scenes) json.String(name.c_str());
  json.EndArray();
  text("broken_off", report.broken_off);
  json.Key("findings");
  json.StartArray();
  for (const Finding& one : report.findings()) {
    json.StartObject();
    text("weight", name_of(one.weight));
    text("done", one.done);
    text("did", one.did);
    text("mend", one.mend);
    json.Key("times");
    json.Uint64(one.times);
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
  return std::string(buffer.GetString(), buffer.GetSize()) + "\n";
}

}  // namespace kclhost::host::conformance
