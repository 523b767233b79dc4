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

#include "support/file_version.hpp"

namespace kclhost::host::config {

using Milliseconds = std::chrono::milliseconds;

// Where something stands in a file; lines and columns count from 1.
struct Position {
  int line = 1;
  int column = 1;

  bool operator==(const Position&) const = default;
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

  bool operator==(const Retry&) const = default;
};

struct Plugin {
  std::string path;  // as written, relative to plugins_dir
  Position path_position;
  std::optional<std::string> sha256;  // lower-case hex
  std::string config_json = "{}";     // plugin.config as JSON text

  bool operator==(const Plugin&) const = default;
};

// A plugin beside the one that runs, on copies of its batches.
struct Shadow {
  std::string path;  // as plugin.path; empty: there is none
  Position path_position;
  std::string config_json = "{}";  // shadow.config as JSON text

  bool configured() const { return !path.empty(); }
  bool operator==(const Shadow&) const = default;
};

struct OnError {
  Retry retry{3, Milliseconds{200}, Milliseconds{10'000}};
  bool bisect = true;
  std::optional<Milliseconds> max_record_age;
  Then then = Then::block;

  bool operator==(const OnError&) const = default;
};

struct Checkpoint {
  Milliseconds interval{10'000};
  Retry retry{5, Milliseconds{200}, Milliseconds{5'000}};

  bool operator==(const Checkpoint&) const = default;
};

struct DeadLetter {
  std::filesystem::path path = "dead-letters";  // absolute once loaded: relative ones lie in state_dir
  std::uint64_t max_file_size = 64ull << 20;    // bytes

  bool operator==(const DeadLetter&) const = default;
};

// The most that a plugin which checkpoints for itself may hold unfinished, of one shard.
struct InFlight {
  std::uint64_t max_bytes = 64ull << 20;  // of the records' data and keys
  std::uint64_t max_records = 100'000;

  bool operator==(const InFlight&) const = default;
};

struct Timeouts {
  Milliseconds initialize{60'000};
  Milliseconds process_records{300'000};
  Milliseconds swap{800};  // initialize of an instance that takes over from another
  Milliseconds shutdown{20'000};

  bool operator==(const Timeouts&) const = default;
};

struct Worker {
  std::optional<std::uint64_t> max_memory;  // bytes
  bool core_dumps = false;
  bool crash_payloads = false;
  bool orderly_exit = false;
  std::optional<std::string> user;  // a name, or UID:GID
  Position user_position;

  bool operator==(const Worker&) const = default;
};

// A step of a rollout: so many of the machine's shards, or so many percent of them.
struct RolloutStep {
  int number;
  bool percent;

  bool operator==(const RolloutStep&) const = default;
};

// When a step of a rollout is over: both.
struct Bake {
  Milliseconds time{120'000};
  std::uint64_t records = 1'000;

  bool operator==(const Bake&) const = default;
};

// What a release on trial is undone for.
struct UndoOn {
  int crashes = 1;
  int failures_of_new_only = 1;
  Milliseconds call_longer_than{500};
  std::optional<double> slower_than, more_memory_than;  // times what the release before takes

  bool operator==(const UndoOn&) const = default;
};

struct Rollout {
  std::vector<RolloutStep> steps{{100, true}};
  Bake bake;
  UndoOn undo_on;
  int keep = 5;  // releases on disk

  bool operator==(const Rollout&) const = default;
};

// When the log's file becomes FILE.1.
struct Rotate {
  std::uint64_t size = 64u << 20;  // bytes
  int keep = 5;                    // such files

  bool operator==(const Rotate&) const = default;
};

struct Log {
  LogLevel level = LogLevel::info;
  LogFormat format = LogFormat::json;
  LogSink sink = LogSink::automatic;
  std::filesystem::path file = {};  // absolute; empty: standard error
  Rotate rotate = {};
  std::string stream = {};  // Config::stream, for each line

  bool operator==(const Log&) const = default;
};

// For `kclhost launch`.
struct Metrics {
  std::optional<std::string> listen;  // HOST:PORT, with the host as a number
  Milliseconds stalled_after{60'000};
  bool emf = false;
  Milliseconds emf_interval{60'000};

  bool operator==(const Metrics&) const = default;
};

struct Daemon {
  int daemons = 1;  // that share this machine: one for each stream of the file
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

  bool operator==(const Daemon&) const = default;
};

struct Config {
  std::filesystem::path file;         // absolute
  FileVersion file_version;           // from before it was read
  std::string stream;                 // its name in `streams`; empty: the file has no streams
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
  Rollout rollout;
  Shadow shadow;
  Log log;
  Metrics metrics;
  Daemon daemon;

  // The file, and --stream NAME where it has streams, as a command of kclhost is given it.
  std::string arguments() const { return file.string() + (stream.empty() ? "" : " --stream " + stream); }
  bool operator==(const Config&) const = default;
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
//
// A file with `streams` has a configuration for each of them, and none without: `stream` names one. What is wrong with
// the others does not matter to it, but that no two may have the same application. For a file without streams it is
// empty.
Loaded load(const std::filesystem::path& file, const std::string& stream = "");

// The same for text that is already there; file gives its name in problems and the directory of its relative paths.
Loaded parse(std::string_view text, const std::filesystem::path& file, const std::string& stream = "");

// The names of a file's streams, in its order. Empty: it has none, or can't be read, which load reports.
std::vector<std::string> stream_names(const std::filesystem::path& file);

// The JSON Schema of the configuration, pretty-printed, ending in a newline.
std::string json_schema();

}  // namespace kclhost::host::config
