#include "observe/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <cstdlib>
#include <ctime>

#include "observe/launcher_sink.hpp"
#include "support/json_string.hpp"

namespace kclhost::host::observe {
namespace {

constexpr std::string_view names[] = {"trace", "debug", "info", "warn", "error"};

std::string_view name_of(Level level) {
  return names[static_cast<int>(level)];
}

// How many lines a crash report gets.
constexpr std::size_t remembered_lines = 50;

spdlog::sink_ptr make_sink(config::LogSink sink) {
  const char* socket = std::getenv("KCLHOST_LOG_SOCKET");
  if (sink == config::LogSink::automatic && socket != nullptr && *socket != '\0') {
    return std::make_shared<LauncherSink>(socket);
  }
  return std::make_shared<spdlog::sinks::stderr_sink_mt>();
}

// Text for people stays on one line whatever a plugin logs.
void append_one_line(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20 && c != '\t') {
      out += '?';
    } else {
      out += c;
    }
  }
}

}  // namespace

Log::Log(const config::Log& config) : level_(config.level), format_(config.format) {
  logger_ = std::make_shared<spdlog::logger>("kclhost", make_sink(config.sink));
  logger_->set_pattern("%v");
  logger_->set_level(spdlog::level::trace);
  logger_->flush_on(spdlog::level::trace);
}

Log::~Log() = default;

std::string Log::now() {
  const auto time = std::chrono::system_clock::now().time_since_epoch();
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
  const std::time_t seconds = static_cast<std::time_t>(ms / 1000);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  char text[32];
  const std::size_t n = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
  std::snprintf(text + n, sizeof text - n, ".%03dZ", static_cast<int>(ms % 1000));
  return text;
}

void Log::set_plugin(std::string_view id, std::string_view version) {
  plugin_ = id;
  version_ = version;
}

void Log::write(Level level, std::string_view source, std::string_view text, Fields fields) {
  if (!enabled(level)) return;
  std::string line = format_ == config::LogFormat::json ? json_line(level, source, text, fields)
                                                        : text_line(level, source, text, fields);
  logger_->log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
  const std::lock_guard lock(lines_mutex_);
  lines_.push_back(std::move(line));
  if (lines_.size() > remembered_lines) lines_.pop_front();
}

std::vector<std::string> Log::last_lines() const {
  const std::lock_guard lock(lines_mutex_);
  return {lines_.begin(), lines_.end()};
}

std::string Log::json_line(Level level, std::string_view source, std::string_view text, Fields fields) const {
  std::string line = "{\"time\":\"" + now() + "\",\"level\":\"";
  line += name_of(level);
  line += '"';
  const auto add = [&line](std::string_view key, std::string_view value) {
    line += ',';
    append_json_string(line, key);
    line += ':';
    append_json_string(line, value);
  };
  if (!shard_.empty()) add("shard", shard_);
  if (!plugin_.empty()) add("plugin", plugin_);
  if (!version_.empty()) add("version", version_);
  add("source", source);
  add("message", text);
  for (const Field& field : fields) {
    if (!field.value.empty()) add(field.key, field.value);
  }
  line += '}';
  return line;
}

std::string Log::text_line(Level level, std::string_view source, std::string_view text, Fields fields) const {
  std::string line = now();
  line += ' ';
  line += name_of(level);
  line.append(6 - name_of(level).size(), ' ');
  if (!shard_.empty()) line += shard_ + ' ';
  if (!plugin_.empty()) line += plugin_ + '/' + version_ + ' ';
  if (source != "host" && source != "plugin") {
    line += '[';
    line += source;
    line += "] ";
  }
  append_one_line(line, text);
  for (const Field& field : fields) {
    if (field.value.empty()) continue;
    line += ' ';
    line += field.key;
    line += '=';
    append_one_line(line, field.value);
  }
  return line;
}

}  // namespace kclhost::host::observe
