// The configuration file as kclhost understands it. See docs/configuration.md for every key.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kclhost::host::config {

using Milliseconds = std::chrono::milliseconds;

// Where something stands in a file; lines and columns count from 1.
struct Position {
  int line = 1;
  int column = 1;
};

// One thing wrong with a file. str() is the line a user sees: FILE:LINE:COL: message.
struct Problem {
  std::string file;
  Position position;
  std::string message;

  std::string str() const;
};

enum class Isolation { process, none };
enum class Then { block, stop, skip, dead_letter };
enum class LogFormat { json, text };
enum class LogSink { automatic, standard_error };
enum class Profile { steady, small };
enum class LogLevel { trace, debug, info, warn, error };

// How often and how patiently something is tried again. max_attempts counts the first try.
struct Retry {
  int max_attempts;
  Milliseconds initial_backoff;
  Milliseconds max_backoff;
};

struct Plugin {
  std::string path;  // as written, relative to plugins_dir
  Position path_position;
  std::optional<std::string> sha256;  // lower-case hex
  std::string config_json = "{}";     // plugin.config as JSON text
};

struct OnError {
  Retry retry{3, Milliseconds{200}, Milliseconds{10'000}};
  bool bisect = true;
  std::optional<Milliseconds> max_record_age;
  Then then = Then::block;
};

struct Checkpoint {
  Milliseconds interval{10'000};
  Retry retry{5, Milliseconds{200}, Milliseconds{5'000}};
};

struct DeadLetter {
  std::filesystem::path path = "dead-letters";  // absolute once loaded: relative ones lie in state_dir
  std::uint64_t max_file_size = 64ull << 20;    // bytes
};

// The most that a plugin which checkpoints for itself may hold unfinished, of one shard.
struct InFlight {
  std::uint64_t max_bytes = 64ull << 20;  // of the records' data and keys
  std::uint64_t max_records = 100'000;
};

struct Timeouts {
  Milliseconds initialize{60'000};
  Milliseconds process_records{300'000};
  Milliseconds shutdown{20'000};
};

struct Worker {
  std::optional<std::uint64_t> max_memory;  // bytes
  bool core_dumps = false;
  bool crash_payloads = false;
  bool orderly_exit = false;
};

struct Log {
  LogLevel level = LogLevel::info;
  LogFormat format = LogFormat::json;
  LogSink sink = LogSink::automatic;
};

// For `kclhost launch`.
struct Metrics {
  std::optional<std::string> listen;  // HOST:PORT, with the host as a number
  Milliseconds stalled_after{60'000};
};

struct Daemon {
  std::string java = "java";
  Profile profile = Profile::steady;
  std::optional<std::uint64_t> heap;  // bytes; by the memory that there is when not set
  std::vector<std::string> jvm_options;
  std::filesystem::path jars;     // absolute; empty when not set
  std::filesystem::path logback;  // absolute; empty when not set
  bool prime = true;              // make a new application's tables and leases
  // The KCL's own names and the values as the daemon will read them, without those kclhost adds.
  std::map<std::string, std::string> properties;
  std::map<std::string, Position> property_positions;  // where the file has the value of each
  bool allow_unknown_properties = false;
};

struct Config {
  std::filesystem::path file;         // absolute
  std::filesystem::path plugins_dir;  // absolute
  std::filesystem::path state_dir;    // absolute
  Plugin plugin;
  Isolation isolation = Isolation::process;
  int concurrency = 1;  // workers on one shard
  Checkpoint checkpoint;
  OnError on_error;
  DeadLetter dead_letter;
  InFlight in_flight;
  Timeouts timeouts;
  Worker worker;
  Log log;
  Metrics metrics;
  Daemon daemon;
};

// A file that was read: its configuration where problems is empty, else as much of it as made sense.
struct Loaded {
  Config config;
  std::vector<Problem> problems;  // in the file's order
  std::vector<Problem> warnings;  // what is let pass, and may be a mistake; in the file's order
};

// Reads a configuration and finds everything wrong with its text. Looks at no other file, but for the names in
// daemon.jars where a property is not every daemon's; never throws for bad input (a
// file that can't be read is a problem at 1:1).
Loaded load(const std::filesystem::path& file);

// The same for text that is already there; file gives its name in problems and the directory of its relative paths.
Loaded parse(std::string_view text, const std::filesystem::path& file);

// The JSON Schema of the configuration, pretty-printed, ending in a newline.
std::string json_schema();

}  // namespace kclhost::host::config
