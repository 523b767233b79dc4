// One event of the log, and the two forms that log.format gives it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "config/config.hpp"

namespace kclhost::host::observe {

struct LogField {
  std::string_view key;
  std::string_view value;
};

// Whose text it is stays the caller's. What is empty is left out, and so is a field without a value.
struct LogLine {
  std::string_view time;  // as log_time() has it
  config::LogLevel level = config::LogLevel::info;
  std::string_view stream = {};  // its name, where a configuration has several
  std::string_view shard = {}, plugin = {}, version = {}, release = {}, sha256 = {};
  std::string_view source;  // who speaks: "host", "plugin", "launch", "daemon", ...
  std::string_view text;
  std::span<const LogField> fields = {};

  // Without a newline, and with none inside, whatever the texts hold.
  std::string str(config::LogFormat format) const;

 private:
  std::string json() const;
  std::string plain() const;
};

// How the log tells that lines of it are lost. `why`: what is wrong with its file; empty where nobody read.
std::string lost_lines(std::uint64_t number, std::string_view why);

// Now, as it stands in every line: RFC 3339, UTC, milliseconds.
std::string log_time();

}  // namespace kclhost::host::observe
