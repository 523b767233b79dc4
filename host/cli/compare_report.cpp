#include <algorithm>
#include <array>
#include <cstdio>
#include <map>

#include "cli/compare.hpp"
#include "cli/listing.hpp"
#include "support/excerpt.hpp"

namespace kclhost::host::cli::comparison {

using Kind = Verdict::Kind;

namespace {

constexpr std::string_view kinds[] = {"untried", "accepted", "rejected", "failed", "unfinished"};

std::string_view kind_name(Kind kind) {
  return kinds[static_cast<std::size_t>(kind)];
}

std::string with_digits(const char* format, double value) {
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

double seconds_of(const Run& run) {
  return std::chrono::duration<double>(run.time).count();
}

std::string microseconds(const Run& run) {
  return run.verdicts.empty() ? "-"
                              : with_digits("%.2f", seconds_of(run) * 1e6 / static_cast<double>(run.verdicts.size()));
}

// The counters of both, by name.
std::map<std::string, std::pair<std::string, std::string>> counters(const Run& one, const Run& other) {
  std::map<std::string, std::pair<std::string, std::string>> all;
  const auto add = [&all](const Run& run, auto member) {
    for (const auto& [name, total] : run.metrics) {
      if (name.kind != KCLHOST_METRIC_COUNTER) continue;
      all.try_emplace(name.text(), "-", "-").first->second.*member = with_digits("%.10g", total.sum);
    }
  };
  add(one, &std::pair<std::string, std::string>::first);
  add(other, &std::pair<std::string, std::string>::second);
  return all;
}

std::string described(const Verdict& verdict) {
  return std::string(kind_name(verdict.kind)) + (verdict.why.empty() ? "" : ": " + excerpt(verdict.why, 200));
}

std::string named(const RecordName& name) {
  return name.sequence_number +
         (name.sub_sequence_number > 0 ? "/" + std::to_string(name.sub_sequence_number) : std::string());
}

void run_member(std::string& out, std::string_view name, const Run& run) {
  put_key(out, name);
  out += '{';
  put_text(out, "path", run.path);
  put_text(out, "sha256", run.sha256);
  put_text(out, "plugin", run.id);
  put_text(out, "version", run.version);
  for (const Kind kind : {Kind::accepted, Kind::rejected, Kind::failed, Kind::unfinished}) {
    put_key(out, kind_name(kind));
    out += std::to_string(run.count(kind));
  }
  put_key(out, "deaths");
  out += std::to_string(run.deaths);
  put_key(out, "processSeconds");
  out += with_digits("%.9g", seconds_of(run));
  put_key(out, "maxRssKiB");
  out += std::to_string(run.resident >> 10);
  put_key(out, "counters");
  out += '{';
  for (const auto& [metric, total] : run.metrics) {
    if (metric.kind != KCLHOST_METRIC_COUNTER) continue;
    put_key(out, metric.text());
    out += with_digits("%.17g", total.sum);
  }
  out += "}}";
}

void verdict_member(std::string& out, std::string_view name, const Verdict& verdict) {
  put_key(out, name);
  out += '{';
  put_text(out, "outcome", kind_name(verdict.kind));
  put_text(out, "why", verdict.why);
  out += '}';
}

}  // namespace

std::vector<std::size_t> differences(const Run& one, const Run& other) {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < std::min(one.verdicts.size(), other.verdicts.size()); ++i) {
    if (one.verdicts[i].kind != other.verdicts[i].kind) found.push_back(i);
  }
  return found;
}

std::string table(const Run& one, const Run& other, const std::vector<RecordName>& names) {
  std::vector<std::array<std::string, 3>> rows{{"", "OLD", "NEW"}};
  const auto row = [&](const std::string& name, auto text) { rows.push_back({name, text(one), text(other)}); };
  row("plugin", [](const Run& run) { return run.id + " " + run.version; });
  row("sha256", [](const Run& run) { return run.sha256.substr(0, 12); });
  for (const Kind kind : {Kind::accepted, Kind::rejected, Kind::failed, Kind::unfinished}) {
    row(std::string(kind_name(kind)), [kind](const Run& run) { return std::to_string(run.count(kind)); });
  }
  row("workers that died", [](const Run& run) { return std::to_string(run.deaths); });
  row("us a record", microseconds);
  row("memory, MiB", [](const Run& run) { return std::to_string(run.resident >> 20); });
  for (const auto& [name, values] : counters(one, other)) rows.push_back({name, values.first, values.second});
  std::size_t first = 0, second = 0;
  for (const auto& cells : rows) {
    first = std::max(first, cells[0].size());
    second = std::max(second, cells[1].size());
  }
  std::string out;
  for (const auto& cells : rows) {
    out += cells[0] + std::string(first - cells[0].size() + 2, ' ') + cells[1] +
           std::string(second - cells[1].size() + 2, ' ') + cells[2] + '\n';
  }
  const std::vector<std::size_t> differ = differences(one, other);
  if (differ.empty()) return out + "no record fares otherwise\n";
  const std::size_t at = differ.front();
  return out + std::to_string(differ.size()) + " of " + std::to_string(names.size()) +
         " records fare otherwise; the first is record " + std::to_string(at + 1) + ", sequence number " +
         named(names[at]) + "\n  OLD  " + described(one.verdicts[at]) + "\n  NEW  " + described(other.verdicts[at]) +
         "\n";
}

std::string json(const Run& one, const Run& other, const std::vector<RecordName>& names) {
  std::string out = "{";
  put_key(out, "records");
  out += std::to_string(names.size());
  run_member(out, "old", one);
  run_member(out, "new", other);
  const std::vector<std::size_t> differ = differences(one, other);
  put_key(out, "different");
  out += std::to_string(differ.size());
  put_key(out, "firstDifference");
  if (differ.empty()) return out + "null}\n";
  const std::size_t at = differ.front();
  out += '{';
  put_key(out, "record");
  out += std::to_string(at + 1);
  put_text(out, "sequenceNumber", names[at].sequence_number);
  put_key(out, "subSequenceNumber");
  out += std::to_string(names[at].sub_sequence_number);
  verdict_member(out, "old", one.verdicts[at]);
  verdict_member(out, "new", other.verdicts[at]);
  return out + "}}\n";
}

}  // namespace kclhost::host::cli::comparison
