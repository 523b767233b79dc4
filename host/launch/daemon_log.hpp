// What the daemon prints, made into lines like the hosts' own.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "config/config.hpp"
#include "launch/daemon_line.hpp"
#include "launch/kcl_signs.hpp"

namespace kclhost::host::launch {

// A line in the form of the shipped logback.xml becomes an event at its own level, with its stack trace in a field, and
// with the shard where it names one; what the KCL repeats every minute is at debug, and so is an interrupted thread
// once the KCL ends, because that is how it ends its threads. What a child of the daemon printed on its standard error
// comes twice, in a line of the daemon's and word by word behind that: it becomes one event at info, or stays as it is
// where it is a line of a host's log. So does any JSON object where the log's lines are such objects. Any other line is
// an event at info, which log.level does not hold back: it may be the JVM's last word. Not thread-safe.
class DaemonLog {
 public:
  explicit DaemonLog(const config::Log& config) : config_(config) {}

  struct Event {
    Sign sign = Sign::none;
    std::string line;  // with its newline; empty: nothing is to be written
  };
  // Takes a line without its newline.
  Event take(std::string_view line);

 private:
  struct Echo {
    std::string text;
    bool told;  // by the line before it
  };

  std::string daemon_line(const DaemonLine& said) const;
  std::string child_line(const ChildLine& said) const;
  std::string other_line(std::string_view line) const;
  std::string event_of(std::string_view text, std::string_view source, std::string_view shard) const;
  // Whether it is a line of the log as it is.
  bool stays(std::string_view line) const;
  void expect_echo(Echo echo);
  std::optional<Echo> take_echo(std::string_view line);

  config::Log config_;
  std::deque<Echo> echoes_;  // lines of children that the daemon has logged and is about to echo
  std::size_t echo_bytes_ = 0;
  bool is_ending_ = false;
};

}  // namespace kclhost::host::launch
