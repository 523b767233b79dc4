// The way out for the log of launch, of its hosts and of the daemon, which may have no reader for a while.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "config/config.hpp"
#include "observe/log_file.hpp"
#include "observe/outlet.hpp"
#include "support/fd.hpp"

namespace kclhost::host::launch {

// Standard error, or a file. Never waits for a reader. While one is slow, held_back() asks those who can keep what they
// have to do so, and nobody once it has taken nothing for a second: then it has stalled. What does not fit into 8 MiB
// is dropped and counted, and a line says so when it reads again. Not thread-safe.
class Outputs {
 public:
  // Without a file, to standard error. From now on SIGPIPE and SIGXFSZ are ignored: a log that can't be written is no
  // reason to end. Who starts a process gives it the defaults.
  explicit Outputs(const config::Log& config, std::optional<observe::LogFile> file = std::nullopt);
  // Waits a second at most for what is left. Then it is dropped and counted, and the line that says so gets a second.
  ~Outputs();
  Outputs(const Outputs&) = delete;
  Outputs& operator=(const Outputs&) = delete;

  const config::Log& config() const { return config_; }

  // Lines of others, each with its newline, as they are.
  void write(std::string_view lines);
  // A line of launch's own, if log.level lets it pass. `stream`: which one it is about, where there are several.
  void say(config::LogLevel level, std::string_view message, std::string_view stream = {});
  void complain(std::string_view message) { say(config::LogLevel::error, message); }

  // Whether more should wait where it is. May change with every call of write or flush.
  bool held_back() const;

  // Lines wait, and their reader takes some now and then. Who is about to end waits as long as that is so, for
  // longest_end at most, and drops then what still waits, so that its own last words come through.
  bool is_read() const { return !stalled_ && outlet_.pending(); }
  static constexpr std::chrono::seconds longest_end{10};
  // The next line says how many were dropped.
  void drop_waiting();

  // Can be read when flush() is worth calling, so that a loop that waits for input can wait for room too.
  int fd() const { return room_.get(); }
  void flush();
  void flush_for(std::chrono::milliseconds longest);

 private:
  void watch();
  void set_timer(bool on);

  config::Log config_;
  observe::Outlet outlet_;
  bool watched_ = false;
  bool stalled_ = false;     // the reader took nothing for as long as we are patient
  std::size_t waiting_ = 0;  // bytes, when we looked last
  Fd room_;                  // an epoll instance
  Fd timer_;                 // runs while the reader is slow
  bool timer_on_ = false;
};

}  // namespace kclhost::host::launch
