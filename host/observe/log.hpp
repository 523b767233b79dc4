// The host's log: one line per event, with the shard and the plugin in every line.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <initializer_list>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"
#include "observe/flood.hpp"
#include "observe/log_line.hpp"
#include "observe/outlet.hpp"

namespace kclhost::host::observe {

using Level = config::LogLevel;

// Writes to the launcher's socket when the environment's KCLHOST_LOG_SOCKET names one and the sink is automatic, else
// to standard error; never to standard output. Where the launcher is gone, or a line is too long for a datagram, it
// goes to standard error.
//
// Never waits: what is not read is kept up to 256 KiB, then dropped and counted, and a line says how many were dropped.
// Of the host's own lines of one kind (the digits in them aside) 50 pass within a second; a line says how many more
// there were. write, pending, fd_to_watch, flush and flush_for are safe on any thread, the setters are not.
class Log {
 public:
  using Field = LogField;
  using Fields = std::span<const Field>;
  using FieldList = std::initializer_list<Field>;

  explicit Log(const config::Log& config);
  // flush_for a second.
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  // From now on the lines go to the configuration's file, if it names one and no launcher takes them, in place of
  // standard error. Where the file can't be written, a line on standard error says so, and they stay there.
  void use_file(const config::Log& config);

  // What the lines from now on carry.
  void set_shard(std::string_view shard) { shard_ = shard; }
  // release: 0 where there is none; sha256: of the plugin's file, of which the first twelve digits are told.
  void set_plugin(std::string_view id, std::string_view version, std::uint32_t release = 0,
                  std::string_view sha256 = {});

  const std::string& plugin() const { return plugin_; }
  const std::string& version() const { return version_; }

  Level level() const { return level_; }
  bool enabled(Level level) const { return level >= level_; }
  // `source` is who speaks: "host", "plugin", or the worker's "stdout" and "stderr". Fields without a value are left
  // out.
  void write(Level level, std::string_view source, std::string_view text, Fields fields);
  void write(Level level, std::string_view source, std::string_view text, FieldList fields = {}) {
    write(level, source, text, Fields(fields.begin(), fields.size()));
  }

  void debug(std::string_view text, FieldList fields = {}) { write(Level::debug, "host", text, fields); }
  void info(std::string_view text, FieldList fields = {}) { write(Level::info, "host", text, fields); }
  void warn(std::string_view text, FieldList fields = {}) { write(Level::warn, "host", text, fields); }
  void error(std::string_view text, FieldList fields = {}) { write(Level::error, "host", text, fields); }

  // Whether lines wait for their reader. While they do, a poll loop watches fd_to_watch() for POLLOUT and calls flush()
  // then; the descriptor may be another one after each call of write or flush.
  bool pending() const;
  int fd_to_watch() const;
  // Passes on what can be passed on now, and says what was held back if it is time for that.
  void flush();
  // When flush() has to say what was held back, even if nothing is pending; max() when it has not.
  std::chrono::steady_clock::time_point flush_at() const;
  // Waits until everything is passed on, at most that long, and says what was held back. For the process's end.
  void flush_for(std::chrono::milliseconds longest);

  // The newest lines, at most so many and no more than a crash report gets, oldest first.
  std::vector<std::string> last_lines(std::size_t most = SIZE_MAX) const;

 private:
  void write_line(Level level, std::string_view source, std::string_view text, Fields fields);
  void pass(std::string line);
  bool has_launcher() const { return launcher_.fd() >= 0 && !launcher_.broken(); }
  void leave_launcher();
  void say_held(Flood::Clock::time_point now);
  bool is_at_rest() const;
  std::string notice(std::uint64_t dropped, std::string_view why) const;
  std::string line_of(Level level, std::string_view source, std::string_view text, Fields fields) const;

  Level level_;
  config::LogFormat format_;
  std::string stream_, shard_, plugin_, version_, release_, sha256_;
  mutable std::mutex mutex_;  // for all below
  Outlet launcher_, fallback_;
  Flood flood_;
  std::deque<std::string> lines_;

  // Nothing is pending and nothing held back. A poll loop asks at every turn, so it is asked without the lock.
  std::atomic<bool> at_rest_ = true;
};

}  // namespace kclhost::host::observe
