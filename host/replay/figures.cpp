#include "replay/figures.hpp"

#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>
#include <sys/wait.h>

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "kclhost/plugin.h"
#include "support/exit_code.hpp"

namespace kclhost::host::replay {
namespace {

double seconds(Figures::Nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}
double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

double per_second(std::uint64_t amount, Figures::Nanoseconds time) {
  return time.count() == 0 ? 0 : static_cast<double>(amount) / seconds(time);
}

std::uint64_t refused(const Figures& figures) {
  std::uint64_t sum = 0;
  for (const auto& [error, count] : figures.checkpoint_errors) sum += count;
  return sum;
}

// The latency that so many per cent of the batches stay within, microseconds. `sorted` is not empty.
double percentile(const std::vector<Figures::Nanoseconds>& sorted, unsigned percent) {
  const std::size_t rank = (sorted.size() * percent + 99) / 100;
  return static_cast<double>(sorted[std::max<std::size_t>(rank, 1) - 1].count()) / 1e3;
}

std::string count(std::uint64_t number, const char* one, const char* many) {
  return std::to_string(number) + " " + (number == 1 ? one : many);
}

std::string aside(const observe::SetAside& amount) {
  std::string text;
  if (amount.dead_letters != 0) {
    text += ", " + std::to_string(amount.dead_letters) + " set aside (kclhost dead-letters list --of-replays)";
  }
  if (amount.skipped != 0) text += ", " + std::to_string(amount.skipped) + " skipped";
  return text;
}

std::string shortest(double number) {
  char digits[32];
  return {digits, std::to_chars(digits, digits + sizeof digits, number).ptr};
}

std::string line_of(const observe::NamedTotal& one) {
  const auto& [metric, total] = one;
  const std::string line = "metric " + metric.text() + " (" + std::string(metric.kind_name()) + "): ",
                    unit = metric.unit.empty() ? "\n" : " " + metric.unit + "\n";
  switch (metric.kind) {
    case KCLHOST_METRIC_COUNTER:
      return line + shortest(total.sum) + unit;
    case KCLHOST_METRIC_GAUGE:
      return line + shortest(total.last) + unit;
    default:
      return line + count(total.count, "value", "values") + " from " + shortest(total.least) + " to " +
             shortest(total.most) + ", sum " + shortest(total.sum) + unit;
  }
}

using Json = rapidjson::PrettyWriter<rapidjson::StringBuffer>;

void write_metric(Json& json, const observe::NamedTotal& one) {
  const auto& [metric, total] = one;
  const auto real = [&](const char* key, double value) {
    json.Key(key);
    json.Double(value);
  };
  json.StartObject();
  json.Key("name");
  json.String(metric.name.c_str());
  if (!metric.labels.empty()) {
    json.Key("labels");
    json.StartObject();
    for (const auto& [name, value] : metric.labels) {
      json.Key(name.c_str());
      json.String(value.c_str());
    }
    json.EndObject();
  }
  if (!metric.unit.empty()) {
    json.Key("unit");
    json.String(metric.unit.c_str());
  }
  json.Key("kind");
  json.String(metric.kind_name().data(), static_cast<rapidjson::SizeType>(metric.kind_name().size()));
  if (metric.kind == KCLHOST_METRIC_HISTOGRAM) {
    json.Key("count");
    json.Uint64(total.count);
    real("sum", total.sum);
    real("min", total.least);
    real("max", total.most);
  } else {
    real("value", metric.kind == KCLHOST_METRIC_COUNTER ? total.sum : total.last);
  }
  json.EndObject();
}

}  // namespace

bool played(const Figures& figures) {
  if (!figures.exit) return false;
  const bool started = figures.start.count() != 0;
  return started || (figures.exit_code != exit_usage && figures.exit_code != exit_plugin);
}

std::string summary(const Figures& figures) {
  const std::uint64_t errors = refused(figures);
  char text[160];
  std::snprintf(text, sizeof text, " in %.3f s: %.0f records/s, %.1f MB/s", seconds(figures.delivery),
                per_second(figures.records, figures.delivery), per_second(figures.data_bytes, figures.delivery) / 1e6);
  std::string lines = count(figures.records, "record", "records") + ", " + count(figures.batches, "batch", "batches") +
                      ", " + count(figures.checkpoints, "checkpoint", "checkpoints");
  if (errors != 0) lines += " (" + std::to_string(errors) + " refused)";
  if (figures.set_aside) lines += aside(*figures.set_aside);
  lines += text;
  lines += "\nlast checkpoint: ";
  if (figures.last_checkpoint) {
    lines += figures.last_checkpoint->sequence_number;
    const auto sub = figures.last_checkpoint->sub_sequence_number;
    if (sub != 0) lines += ", sub-sequence number " + std::to_string(sub);
  } else {
    lines += "none";
  }
  lines += '\n';
  for (const observe::NamedTotal& metric : figures.metrics.value_or(std::vector<observe::NamedTotal>{})) {
    lines += line_of(metric);
  }
  return lines;
}

std::string report(const Figures& figures) {
  rapidjson::StringBuffer buffer;
  Json json(buffer);
  json.SetIndent(' ', 2);
  json.SetMaxDecimalPlaces(9);
  const auto number = [&](const char* key, std::uint64_t value) {
    json.Key(key);
    json.Uint64(value);
  };
  const auto real = [&](const char* key, double value) {
    json.Key(key);
    json.Double(value);
  };
  const auto text = [&](const std::string& value) {
    json.String(value.c_str(), static_cast<rapidjson::SizeType>(value.size()));
  };

  json.StartObject();
  number("records", figures.records);
  number("batches", figures.batches);
  number("dataBytes", figures.data_bytes);
  number("idleTicks", figures.idle_ticks);
  number("sentBytes", figures.sent_bytes);
  number("receivedBytes", figures.received_bytes);
  number("checkpoints", figures.checkpoints);
  json.Key("checkpointErrors");
  json.StartObject();
  for (const auto& [error, count] : figures.checkpoint_errors) number(error.c_str(), count);
  json.EndObject();
  number("skippedLines", figures.skipped_lines);

  json.Key("latencyMicros");
  if (figures.latencies.empty()) {
    json.Null();
  } else {
    std::vector<Figures::Nanoseconds> sorted = figures.latencies;
    std::sort(sorted.begin(), sorted.end());
    json.StartObject();
    real("p50", percentile(sorted, 50));
    real("p90", percentile(sorted, 90));
    real("p99", percentile(sorted, 99));
    real("max", percentile(sorted, 100));
    json.EndObject();
  }
  real("startMillis", seconds(figures.start) * 1e3);
  real("deliverySeconds", seconds(figures.delivery));
  real("deliveryCpuSeconds", seconds(figures.delivery_cpu));
  real("wallSeconds", seconds(figures.wall));
  real("recordsPerSecond", per_second(figures.records, figures.delivery));
  real("dataBytesPerSecond", per_second(figures.data_bytes, figures.delivery));
  real("sentBytesPerSecond", per_second(figures.sent_bytes, figures.delivery));

  json.Key("child");
  if (figures.exit) {
    json.StartObject();
    const bool exited = WIFEXITED(figures.exit->status);
    json.Key("exitCode");
    exited ? json.Int(WEXITSTATUS(figures.exit->status)) : json.Null();
    json.Key("signal");
    exited ? json.Null() : json.Int(WTERMSIG(figures.exit->status));
    real("userSeconds", seconds(figures.exit->usage.ru_utime));
    real("systemSeconds", seconds(figures.exit->usage.ru_stime));
    number("maxRssKiB", static_cast<std::uint64_t>(figures.exit->usage.ru_maxrss));
    json.EndObject();
  } else {
    json.Null();
  }
  json.Key("setAside");
  if (figures.set_aside) {
    json.StartObject();
    number("deadLetters", figures.set_aside->dead_letters);
    number("skipped", figures.set_aside->skipped);
    json.EndObject();
  } else {
    json.Null();
  }
  json.Key("metrics");
  if (figures.metrics) {
    json.StartArray();
    for (const observe::NamedTotal& metric : *figures.metrics) write_metric(json, metric);
    json.EndArray();
  } else {
    json.Null();
  }
  json.Key("lastCheckpoint");
  if (figures.last_checkpoint) {
    json.StartObject();
    json.Key("sequenceNumber");
    text(figures.last_checkpoint->sequence_number);
    json.Key("subSequenceNumber");
    json.Int64(figures.last_checkpoint->sub_sequence_number);
    json.EndObject();
  } else {
    json.Null();
  }
  json.Key("exitCode");
  json.Int(figures.exit_code);
  json.Key("error");
  figures.error.empty() ? json.Null() : (text(figures.error), true);
  json.EndObject();
  return std::string(buffer.GetString(), buffer.GetSize()) + "\n";
}

}  // namespace kclhost::host::replay
