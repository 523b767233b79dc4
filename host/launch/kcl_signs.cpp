#include "launch/kcl_signs.hpp"

#include <algorithm>
#include <optional>

namespace kclhost::host::launch {
namespace {

struct Mark {
  Sign sign;
  std::string_view logger;
  std::string_view text;
};

// As the KCL has them from 3.1.3 to 3.5.1 at least.
constexpr Mark marks[] = {
    // It could not hand a batch to its consumer, because ListShards did not answer, and goes on with the one after
    // that. It says so at once, and again when it next looks at the shard.
    {Sign::left_out, "ShardConsumerSubscriber", "Caught exception from handleInput"},
    {Sign::left_out, "ShardConsumerSubscriber", "The incoming data has been skipped"},
    {Sign::gave_up, "Scheduler", "Unable to initialize after "},
    {Sign::table_empty, "Scheduler", "Lease table is still empty"},
    {Sign::makes_leases, "Scheduler", " is initiating the lease sync"},
    {Sign::begun, "Scheduler", "Initialization complete. Starting worker loop"},
    {Sign::first_shard, "Scheduler", "Created new shardConsumer for"},
};

// How the daemon logs a line of a child's standard error, before it echoes it.
constexpr std::string_view child_line = "Received error line from subprocess [";
constexpr std::string_view child_line_end = "] for shard ";
// Several shards can have lines on their way at once.
constexpr std::size_t most_echoes = 256;

bool has_mark(std::string_view text) {
  return std::any_of(std::begin(marks), std::end(marks),
                     [text](const Mark& mark) { return text.find(mark.text) != std::string_view::npos; });
}

// The first mark in `text` whose logger `is_logger` takes for the one that wrote it.
template <class IsLogger>
Sign sign_in(std::string_view text, const IsLogger& is_logger) {
  for (const Mark& mark : marks)
    if (text.find(mark.text) != std::string_view::npos && is_logger(mark.logger)) return mark.sign;
  return Sign::none;
}

// "2026-01-31T12:00:00.000Z ", as both the shipped logback.xml and a host write it.
bool begins_with_time(std::string_view line) {
  constexpr std::string_view shape = "0000-00-00T00:00:00.000Z ";
  return line.size() > shape.size() && std::equal(shape.begin(), shape.end(), line.begin(), [](char s, char c) {
           return s == '0' ? c >= '0' && c <= '9' : s == c;
         });
}

bool is_host_line(std::string_view line) {
  if (line.starts_with("{\"time\":\"") && line.find("\"source\":\"") != std::string_view::npos) return true;
  if (!begins_with_time(line)) return false;
  const std::string_view level = line.substr(25);
  return std::any_of(level.begin(), level.begin() + 1, [](char c) { return c >= 'a' && c <= 'z'; });
}

// Who wrote a line in the form of the shipped logback.xml, TIME LEVEL daemon [thread] logger: message, and what.
struct LogLine {
  std::string_view logger, message;
};

// Nothing for a line in another form.
std::optional<LogLine> shipped_form(std::string_view line) {
  if (!begins_with_time(line)) return std::nullopt;
  line.remove_prefix(25);
  const std::size_t level = line.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ");
  if (level == 0 || level == std::string_view::npos) return std::nullopt;
  line.remove_prefix(std::min(line.find_first_not_of(' ', level), line.size()));
  if (!line.starts_with("daemon [")) return std::nullopt;
  const std::size_t thread_end = line.find("] ");
  if (thread_end == std::string_view::npos) return std::nullopt;
  line.remove_prefix(thread_end + 2);
  const std::size_t logger_end = line.find(": ");
  if (logger_end == std::string_view::npos) return LogLine{};
  return LogLine{line.substr(0, logger_end), line.substr(logger_end + 2)};
}

}  // namespace

bool SignWatch::is_echo(std::string_view line) {
  const auto found = std::find(echoes_.begin(), echoes_.end(), line);
  if (found == echoes_.end()) return false;
  echoes_.erase(found);
  return true;
}

Sign SignWatch::sees(std::string_view line) {
  if (!has_mark(line)) return Sign::none;
  if (const std::size_t begin = line.find(child_line); begin != std::string_view::npos) {
    const std::string_view rest = line.substr(begin + child_line.size());
    const std::size_t end = rest.rfind(child_line_end);
    echoes_.emplace_back(rest.substr(0, end));
    if (echoes_.size() > most_echoes) echoes_.pop_front();
    return Sign::none;
  }
  if (is_echo(line) || is_host_line(line)) return Sign::none;
  if (const auto shipped = shipped_form(line))
    return sign_in(shipped->message, [&](std::string_view logger) { return logger == shipped->logger; });
  // A pattern of the user's own, which may put the logger's name anywhere.
  return sign_in(line, [&](std::string_view logger) { return line.find(logger) != std::string_view::npos; });
}

}  // namespace kclhost::host::launch
