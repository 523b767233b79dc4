#include "launch/daemon_line.hpp"

#include <algorithm>
#include <utility>

namespace kclhost::host::launch {
namespace {

using config::LogLevel;

constexpr std::string_view line_end = "\u2028", stack_begin = "\u2029";

constexpr std::pair<std::string_view, LogLevel> levels[] = {{"TRACE", LogLevel::trace},
                                                            {"DEBUG", LogLevel::debug},
                                                            {"INFO ", LogLevel::info},
                                                            {"WARN ", LogLevel::warn},
                                                            {"ERROR", LogLevel::error}};

constexpr std::string_view child_line = "Received error line from subprocess [";
constexpr std::string_view child_line_end = "] for shard ";

constexpr std::string_view time_shape = "0000-00-00T00:00:00.000Z ";

// "2026-01-31T12:00:00.000Z ", as both the shipped logback.xml and a host write it.
bool begins_with_time(std::string_view line) {
  return line.size() > time_shape.size() &&
         std::equal(time_shape.begin(), time_shape.end(), line.begin(),
                    [](char s, char c) { return s == '0' ? c >= '0' && c <= '9' : s == c; });
}

// Takes from the front of `rest` what stands before `end`, and `end`; nothing when it is not there.
std::optional<std::string_view> take(std::string_view& rest, std::string_view end) {
  const std::size_t at = rest.find(end);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view taken = rest.substr(0, at);
  rest.remove_prefix(at + end.size());
  return taken;
}

}  // namespace

std::optional<DaemonLine> read_daemon_line(std::string_view line) {
  if (!begins_with_time(line)) return std::nullopt;
  DaemonLine read;
  read.time = line.substr(0, time_shape.size() - 1);
  line.remove_prefix(time_shape.size());
  const auto level =
      std::find_if(std::begin(levels), std::end(levels), [&](const auto& one) { return line.starts_with(one.first); });
  if (level == std::end(levels)) return std::nullopt;
  read.level = level->second;
  line.remove_prefix(level->first.size());
  constexpr std::string_view name = " daemon [";
  if (!line.starts_with(name)) return std::nullopt;
  line.remove_prefix(name.size());
  const auto thread = take(line, "] ");
  if (!thread) return std::nullopt;
  const auto logger = take(line, ": ");
  if (!logger) return std::nullopt;
  read.thread = *thread;
  read.logger = *logger;
  const auto message = take(line, stack_begin);
  read.message = message ? *message : line;
  if (message) read.stack = line;
  return read;
}

bool is_host_line(std::string_view line) {
  if (line.starts_with("{\"time\":\"") && line.find("\"source\":\"") != std::string_view::npos) return true;
  return begins_with_time(line) && line[time_shape.size()] >= 'a' && line[time_shape.size()] <= 'z';
}

std::optional<ChildLine> read_child_line(std::string_view message) {
  const std::size_t begin = message.find(child_line);
  if (begin == std::string_view::npos) return std::nullopt;
  const std::string_view rest = message.substr(begin + child_line.size());
  const std::size_t end = rest.rfind(child_line_end);
  if (end == std::string_view::npos) return ChildLine{rest, {}};
  return ChildLine{rest.substr(0, end), rest.substr(end + child_line_end.size())};
}

std::string with_line_ends(std::string_view text) {
  if (text.ends_with(line_end)) text.remove_suffix(line_end.size());
  std::string out;
  while (const auto line = take(text, line_end)) {
    out += *line;
    out += '\n';
  }
  return out += text;
}

}  // namespace kclhost::host::launch
