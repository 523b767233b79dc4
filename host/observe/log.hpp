// The host's log: one line per event, with the shard and the plugin in every line.
#pragma once

#include <deque>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"

namespace spdlog {
class logger;
}

namespace kclhost::host::observe {

using Level = config::LogLevel;

// Writes to the launcher's socket when the environment's KCLHOST_LOG_SOCKET names one and the sink is automatic, else
// to standard error; never to standard output. write is safe on any thread, the setters are not.
class Log {
 public:
  struct Field {
    std::string_view key;
    std::string_view value;
  };
  using Fields = std::initializer_list<Field>;

  explicit Log(const config::Log& config);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  // What the lines from now on carry.
  void set_shard(std::string_view shard) { shard_ = shard; }
  void set_plugin(std::string_view id, std::string_view version);

  const std::string& plugin() const { return plugin_; }
  const std::string& version() const { return version_; }

  // The time as it stands in every line: RFC 3339, UTC, milliseconds.
  static std::string now();

  Level level() const { return level_; }
  bool enabled(Level level) const { return level >= level_; }
  // `source` is who speaks: "host", "plugin", or the worker's "stdout" and "stderr". Fields without a value are left
  // out.
  void write(Level level, std::string_view source, std::string_view text, Fields fields = {});

  void debug(std::string_view text, Fields fields = {}) { write(Level::debug, "host", text, fields); }
  void info(std::string_view text, Fields fields = {}) { write(Level::info, "host", text, fields); }
  void warn(std::string_view text, Fields fields = {}) { write(Level::warn, "host", text, fields); }
  void error(std::string_view text, Fields fields = {}) { write(Level::error, "host", text, fields); }

  // The newest lines, oldest first, for a crash report.
  std::vector<std::string> last_lines() const;

 private:
  std::string json_line(Level level, std::string_view source, std::string_view text, Fields fields) const;
  std::string text_line(Level level, std::string_view source, std::string_view text, Fields fields) const;

  Level level_;
  config::LogFormat format_;
  std::string shard_, plugin_, version_;
  std::shared_ptr<spdlog::logger> logger_;
  mutable std::mutex lines_mutex_;
  std::deque<std::string> lines_;
};

}  // namespace kclhost::host::observe
