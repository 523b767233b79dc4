#include "launch/left_out.hpp"

#include <algorithm>

namespace kclhost::host::launch {
namespace {

// What the KCL (3.1.3 to 3.5.1 at least) logs when it could not hand a batch to its consumer, for want of an answer
// from ListShards: at once, and at its next look at the shard. It goes on with the batch after that.
constexpr std::string_view marks[] = {"Caught exception from handleInput", "The incoming data has been skipped"};
constexpr std::string_view logger = "ShardConsumerSubscriber";

// How the daemon logs a line of a child's standard error, before it echoes it.
constexpr std::string_view child_line = "Received error line from subprocess [";
constexpr std::string_view child_line_end = "] for shard ";
// Several shards can have lines on their way at once.
constexpr std::size_t most_echoes = 256;

bool has_mark(std::string_view text) {
  return std::any_of(std::begin(marks), std::end(marks),
                     [text](std::string_view mark) { return text.find(mark) != std::string_view::npos; });
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

// The message of a line in the form of the shipped logback.xml: TIME LEVEL daemon [thread] logger: message. False when
// it has another form; message is empty when another logger wrote it.
bool shipped_form(std::string_view line, std::string_view& message) {
  if (!begins_with_time(line)) return false;
  line.remove_prefix(25);
  const std::size_t level = line.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ");
  if (level == 0 || level == std::string_view::npos) return false;
  line.remove_prefix(std::min(line.find_first_not_of(' ', level), line.size()));
  if (!line.starts_with("daemon [")) return false;
  const std::size_t thread_end = line.find("] ");
  if (thread_end == std::string_view::npos) return false;
  line.remove_prefix(thread_end + 2);
  const bool ours = line.starts_with(logger) && line.substr(logger.size()).starts_with(": ");
  message = ours ? line.substr(logger.size()) : std::string_view();
  return true;
}

}  // namespace

bool LeftOutWatch::is_echo(std::string_view line) {
  const auto found = std::find(echoes_.begin(), echoes_.end(), line);
  if (found == echoes_.end()) return false;
  echoes_.erase(found);
  return true;
}

bool LeftOutWatch::sees(std::string_view line) {
  if (!has_mark(line)) return false;
  if (const std::size_t begin = line.find(child_line); begin != std::string_view::npos) {
    const std::string_view rest = line.substr(begin + child_line.size());
    const std::size_t end = rest.rfind(child_line_end);
    echoes_.emplace_back(rest.substr(0, end));
    if (echoes_.size() > most_echoes) echoes_.pop_front();
    return false;
  }
  if (is_echo(line) || is_host_line(line)) return false;
  std::string_view message;
  if (shipped_form(line, message)) return has_mark(message);
  // A pattern of the user's own, which may put the logger's name anywhere.
  return line.find(logger) != std::string_view::npos;
}

}  // namespace kclhost::host::launch
