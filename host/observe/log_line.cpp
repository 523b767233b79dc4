#include "observe/log_line.hpp"

#include <chrono>
#include <cstdio>
#include <ctime>

#include "support/json_string.hpp"
#include "support/one_line.hpp"
#include "support/wall_clock.hpp"

namespace kclhost::host::observe {
namespace {

constexpr std::string_view names[] = {"trace", "debug", "info", "warn", "error"};

std::string_view name_of(config::LogLevel level) {
  return names[static_cast<int>(level)];
}

// Whether it has a value, and says more than the line does without it.
bool tells(const LogLine& line, const LogField& field) {
  return !field.value.empty() && !(field.key == "release" && field.value == line.release);
}

}  // namespace

std::string lost_lines(std::uint64_t number, std::string_view why) {
  const std::string lines = std::to_string(number) + " lines of this log ";
  if (why.empty()) return lines + "were dropped: nobody read it";
  return lines + "are lost, which could not be written: " + std::string(why);
}

std::string log_time() {
  const std::int64_t ms = wall_clock_ms();
  const std::time_t seconds = static_cast<std::time_t>(ms / 1000);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  char text[32];
  const std::size_t n = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
  std::snprintf(text + n, sizeof text - n, ".%03dZ", static_cast<int>(ms % 1000));
  return text;
}

std::string LogLine::str(config::LogFormat format) const {
  return format == config::LogFormat::json ? json() : plain();
}

std::string LogLine::json() const {
  std::string line = "{\"time\":\"";
  line += time;
  line += "\",\"level\":\"";
  line += name_of(level);
  line += '"';
  const auto add = [&line](std::string_view key, std::string_view value) {
    line += ',';
    append_json_string(line, key);
    line += ':';
    append_json_string(line, value);
  };
  if (!stream.empty()) add("stream", stream);
  if (!shard.empty()) add("shard", shard);
  if (!plugin.empty()) add("plugin", plugin);
  if (!version.empty()) add("version", version);
  if (!release.empty()) add("release", release);
  if (!sha256.empty()) add("sha256", sha256);
  add("source", source);
  add("message", text);
  for (const LogField& field : fields) {
    if (tells(*this, field)) add(field.key, field.value);
  }
  line += '}';
  return line;
}

std::string LogLine::plain() const {
  std::string line(time);
  const auto add = [&line](std::string_view word, char end) {
    line += word;
    line += end;
  };
  line += ' ';
  line += name_of(level);
  line.append(6 - name_of(level).size(), ' ');
  if (!stream.empty()) add(stream, ' ');
  if (!shard.empty()) add(shard, ' ');
  if (!plugin.empty()) {
    add(plugin, '/');
    line += version;
    if (!release.empty()) line += '#';
    add(release, ' ');
  }
  if (source != "host" && source != "plugin") {
    line += '[';
    add(source, ']');
    line += ' ';
  }
  append_one_line(line, text, Tabs::kept);
  for (const LogField& field : fields) {
    if (!tells(*this, field)) continue;
    line += ' ';
    add(field.key, '=');
    append_one_line(line, field.value, Tabs::kept);
  }
  return line;
}

}  // namespace kclhost::host::observe
