// A line of the daemon's log, in the form that the shipped logback.xml gives it:
//
//   TIME LEVEL daemon [THREAD] LOGGER: MESSAGE<U+2029>STACK
//
// with U+2028 in place of each end of a line in the message and the stack trace, and no "]" in the thread's name.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/config.hpp"

namespace kclhost::host::launch {

// Parts of the line that was read.
struct DaemonLine {
  std::string_view time;  // RFC 3339, UTC, milliseconds
  config::LogLevel level = config::LogLevel::info;
  std::string_view thread;
  std::string_view logger;   // without its package
  std::string_view message;  // U+2028 for the end of a line
  std::string_view stack;    // the same; empty where there is none
};

// Nothing for a line in another form.
std::optional<DaemonLine> read_daemon_line(std::string_view line);

// Whether it begins as a line of a host's own log does, in either form.
bool is_host_line(std::string_view line);

// What the daemon logs of a line of a child's standard error, before it echoes it.
struct ChildLine {
  std::string_view text;
  std::string_view shard;
};

// Nothing for a message about something else. Of a pattern that isn't ours `message` may be the whole line.
std::optional<ChildLine> read_child_line(std::string_view message);

// With the ends of lines as they were, but for one at the end of all.
std::string with_line_ends(std::string_view text);

}  // namespace kclhost::host::launch
