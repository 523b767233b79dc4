#include "launch/daemon_log.hpp"

#include <algorithm>
#include <vector>

#include "observe/log_line.hpp"
#include "support/json.hpp"

namespace kclhost::host::launch {
namespace {

using config::LogFormat;
using config::LogLevel;
using observe::LogField;
using observe::LogLine;

// Several shards can have lines on their way at once. Of what has more than that on its way, an echo is told twice.
constexpr std::size_t most_echoes = 256, most_echo_bytes = 8 << 20;

// How kclhost's own programs begin a line, those that launch starts in the daemon's place among them.
constexpr std::string_view own_prefix = "kclhost: ";

// The shard that the text is about; empty when it names none, or several.
std::string_view shard_in(std::string_view text) {
  constexpr std::string_view begin = "shardId-";
  constexpr std::size_t digits = 12;
  std::string_view found;
  for (std::size_t at = 0; (at = text.find(begin, at)) != std::string_view::npos; at += begin.size()) {
    const std::string_view name = text.substr(at, begin.size() + digits);
    const std::string_view number = name.substr(begin.size());
    if (number.size() < digits || number.find_first_not_of("0123456789") != std::string_view::npos) continue;
    if (!found.empty() && found != name) return {};
    found = name;
  }
  return found;
}

// What the KCL says at INFO every minute, however little happens; and when it ends, of metrics that there are none of.
bool is_chatter(const DaemonLine& said) {
  if (said.logger == "CloudWatchPublisherRunnable") return said.message.starts_with("Dropping metrics [] ");
  return said.logger == "Scheduler" &&
         (said.message == "Sleeping ..." || said.message.starts_with("Current stream shard assignments: "));
}

bool is_final_shutdown(const DaemonLine& said) {
  return said.logger == "Scheduler" && said.message == "Starting worker's final shutdown.";
}

bool is_interruption(const DaemonLine& said) {
  return said.stack.find("java.lang.InterruptedException") != std::string_view::npos;
}

bool is_json_object(std::string_view line) {
  rapidjson::Document document;
  return line.starts_with('{') && !json::parse(line, document, json::Utf8::checked) && document.IsObject();
}

}  // namespace

DaemonLog::Event DaemonLog::take(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (const auto echo = take_echo(line)) return {Sign::none, echo->told ? std::string() : other_line(line)};
  Event event{sign_in(line), {}};
  auto said = read_daemon_line(line);
  if (said && (is_chatter(*said) || (is_ending_ && is_interruption(*said)))) said->level = LogLevel::debug;
  is_ending_ = is_ending_ || (said && is_final_shutdown(*said));
  const auto child = read_child_line(said ? said->message : line);
  if (child) expect_echo({std::string(child->text), said.has_value()});
  if (!said) {
    event.line = other_line(line);
  } else if (child) {
    event.line = child_line(*child);
  } else if (said->level >= config_.level) {
    event.line = daemon_line(*said);
  }
  return event;
}

std::string DaemonLog::daemon_line(const DaemonLine& said) const {
  const std::string text = with_line_ends(said.message), stack = with_line_ends(said.stack);
  const LogField fields[] = {{"logger", said.logger}, {"thread", said.thread}, {"stack", stack}};
  return LogLine{.time = said.time,
                 .level = said.level,
                 .stream = config_.stream,
                 .shard = shard_in(text),
                 .source = "daemon",
                 .text = text,
                 .fields = fields}
             .str(config_.format) +
         '\n';
}

std::string DaemonLog::child_line(const ChildLine& said) const {
  return stays(said.text) ? std::string(said.text) + '\n' : event_of(said.text, "stderr", shard_in(said.shard));
}

std::string DaemonLog::other_line(std::string_view line) const {
  if (stays(line)) return std::string(line) + '\n';
  if (line.starts_with(own_prefix)) return event_of(line.substr(own_prefix.size()), "launch", {});
  return event_of(line, "daemon", {});
}

std::string DaemonLog::event_of(std::string_view text, std::string_view source, std::string_view shard) const {
  const std::string time = observe::log_time();
  return LogLine{.time = time,
                 .level = LogLevel::info,
                 .stream = config_.stream,
                 .shard = shard,
                 .source = source,
                 .text = text}
             .str(config_.format) +
         '\n';
}

bool DaemonLog::stays(std::string_view line) const {
  return config_.format == LogFormat::json ? is_json_object(line) : is_host_line(line);
}

void DaemonLog::expect_echo(Echo echo) {
  echo_bytes_ += echo.text.size();
  echoes_.push_back(std::move(echo));
  while (echoes_.size() > most_echoes || echo_bytes_ > most_echo_bytes) {
    echo_bytes_ -= echoes_.front().text.size();
    echoes_.pop_front();
  }
}

std::optional<DaemonLog::Echo> DaemonLog::take_echo(std::string_view line) {
  const auto found =
      std::find_if(echoes_.begin(), echoes_.end(), [line](const Echo& echo) { return echo.text == line; });
  if (found == echoes_.end()) return std::nullopt;
  Echo echo = std::move(*found);
  echoes_.erase(found);
  echo_bytes_ -= echo.text.size();
  return echo;
}

}  // namespace kclhost::host::launch
