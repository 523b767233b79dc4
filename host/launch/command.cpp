#include "launch/command.hpp"

#include <algorithm>
#include <charconv>

#include "config/daemon_version.hpp"
#include "launch/class_archive.hpp"
#include "launch/class_path.hpp"
#include "launch/fetch_command.hpp"
#include "launch/files.hpp"
#include "launch/handoff.hpp"
#include "launch/heap.hpp"
#include "launch/jvm_options.hpp"
#include "launch/lease_interval.hpp"
#include "launch/properties.hpp"
#include "support/available_memory.hpp"
#include "support/sha256.hpp"

namespace kclhost::host::launch {
namespace {

namespace fs = std::filesystem;

constexpr char main_class[] = "software.amazon.kinesis.multilang.MultiLangDaemon";
constexpr char daemon_jar[] = "amazon-kinesis-client-multilang-";

// On top of timeouts.shutdown: the last checkpoints, and the daemon's own threads.
constexpr config::Milliseconds shutdown_margin{10'000};

// The KCL's pause between two reads: what a daemon keeps that can't tell whether anything is left to read.
constexpr std::uint64_t kcls_pause = 1500;

bool has_blank(const fs::path& path) {
  return path.string().find_first_of(" \t\r\n\f\v") != std::string::npos;
}

// A batch that the heap has no room for ends the daemon; see docs/daemon.md.
void limit_reads(const config::Daemon& daemon, std::map<std::string, std::string>& properties) {
  if (properties.count("maxRecords") != 0) return;
  const std::uint64_t heap = heap_limit(daemon, available_memory());
  const std::string version = config::daemon_version(daemon.jars);
  const bool old = version.empty() || config::is_before(version, "3.1.3");
  const auto set = properties.find("idleTimeBetweenReadsInMillis");
  std::uint64_t records = records_a_read(heap);
  // Where the pause is not ours to choose, a read brings what arrives in it, or the shard falls behind for ever.
  if (old || set != properties.end()) {
    std::uint64_t pause = kcls_pause;
    if (set != properties.end()) std::from_chars(set->second.data(), set->second.data() + set->second.size(), pause);
    records = records_a_read(heap, pause);
  }
  properties.emplace("maxRecords", std::to_string(records));
  // Read more often, but no more often than before where nothing is left to read, which daemons before 3.1.3 can't
  // tell.
  if (old) return;
  properties.emplace("idleTimeBetweenReadsInMillis", std::to_string(pause_between_reads(records)));
  properties.emplace("millisBehindLatestThresholdForReducedTps", "1500");
}

std::map<std::string, std::string> complete_properties(const config::Config& config, const fs::path& kclhost) {
  std::map<std::string, std::string> properties = config.daemon.properties;
  properties.emplace("executableName", kclhost.string() + " run --config " + config.arguments());
  properties.emplace("processingLanguage", "cpp/20");
  properties.emplace("awsCredentialsProvider", "DefaultCredentialsProvider");
  properties.emplace("callProcessRecordsEvenForEmptyRecordList", "true");
  limit_reads(config.daemon, properties);
  properties.emplace(handoff_property, graceful_handoff(config.daemon).on ? "true" : "false");
  add_lease_interval(properties);
  properties.emplace("shardSyncIntervalMillis", "1000");
  properties.emplace("shutdownGraceMillis", std::to_string((config.timeouts.shutdown + shutdown_margin).count()));
  return properties;
}

}  // namespace

bool names_worker(const config::Config& config) {
  const auto& set = config.daemon.properties;
  return set.count("workerId") != 0 || set.count("workerIdentifier") != 0;
}

Result<Command> make_command(const config::Config& config, const fs::path& kclhost, const Overrides& overrides) {
  const std::string where = config.file.string() + ": ";
  Command command;
  command.properties = complete_properties(config, kclhost);
  const auto set = [&](const char* name) { return command.properties.count(name) != 0; };
  if (!set("streamName") && !set("streamArn")) {
    return Error{where + "daemon.properties names no stream; set streamName or streamArn"};
  }
  if (!set("applicationName")) {
    return Error{where + "daemon.properties.applicationName is not set; it names the lease table"};
  }
  // The daemon splits executableName at blanks and knows no quoting.
  if (config.daemon.properties.count("executableName") == 0) {
    for (const fs::path& path : {kclhost, config.file}) {
      if (has_blank(path)) {
        return Error{path.string() + ": the daemon can't be given a path with a blank in it; move the file"};
      }
    }
  }
  if (!overrides.worker_name.empty() && !names_worker(config)) command.properties["workerId"] = overrides.worker_name;
  command.jars = config.daemon.jars;
  command.classpath = class_path(command.jars);
  if (const fs::path colon = find_colon(command.jars); !colon.empty()) {
    return Error{where + "daemon.jars: a class path can't hold a name with a colon in it; rename " + colon.string()};
  }
  const std::string digest = sha256_hex(format_properties(command.properties)).substr(0, 12);
  command.properties_file = config.state_dir / "run" / ("daemon-" + digest + ".properties");

  std::vector<std::string>& arguments = command.arguments;
  arguments.push_back(overrides.java.value_or(config.daemon.java));
  const fs::path archive = class_archive(command.jars);
  std::error_code ignored;
  if (!overrides.without_archive && !choose_archive(config.daemon) && fs::is_regular_file(archive, ignored)) {
    command.archive = archive;
    const std::vector<std::string> use = options_for_archive(archive);
    arguments.insert(arguments.end(), use.begin(), use.end());
  }
  const std::vector<std::string> options = jvm_options(config.daemon, available_memory());
  arguments.insert(arguments.end(), options.begin(), options.end());
  arguments.insert(arguments.end(),
                   {"-cp", command.classpath, main_class, "--properties-file", command.properties_file.string()});
  fs::path logback = overrides.logback.value_or(config.daemon.logback);
  if (logback.empty()) logback = shipped_file("logback.xml").value_or(fs::path());
  if (!logback.empty()) arguments.insert(arguments.end(), {"--log-configuration", logback.string()});
  return command;
}

std::optional<Error> find_obstacle(const config::Config& config, const Command& command) {
  const std::string where = config.file.string() + ": ";
  if (command.jars.empty()) {
    return Error{where +
                 "daemon.jars is not set; it is the directory of the daemon's jars, which kclhost fetch-daemon " +
                 "--to DIR fills"};
  }
  std::error_code error;
  bool found = false;
  for (fs::directory_iterator entry(command.jars, error), end; !error && entry != end; entry.increment(error)) {
    found = found || entry->path().filename().string().rfind(daemon_jar, 0) == 0;
  }
  if (!found) {
    return Error{command.jars.string() + ": no MultiLangDaemon here; " +
                 how_to_fetch(config, command.arguments.front())};
  }
  if (!find_program(command.arguments.front())) {
    return Error{command.arguments.front() + ": no such program; install a Java runtime, 17 or later (Debian: " +
                 "default-jre-headless), or name one with daemon.java or --java"};
  }
  const auto flag = std::find(command.arguments.begin(), command.arguments.end(), "--log-configuration");
  if (flag != command.arguments.end() && !fs::is_regular_file(*(flag + 1), error)) {
    return Error{*(flag + 1) + ": no such file; correct daemon.logback or --log-configuration"};
  }
  return std::nullopt;
}

Result<fs::path> write_properties(const Command& command) {
  auto directory = make_private_directory(command.properties_file.parent_path());
  if (!directory) return Error{directory.error() + "; set state_dir to one that can be"};
  return write_private_file(command.properties_file, format_properties(command.properties));
}

std::string quote_for_shell(const std::vector<std::string>& arguments) {
  constexpr char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./=:,+@%";
  std::string line;
  for (const std::string& argument : arguments) {
    if (!line.empty()) line += ' ';
    if (!argument.empty() && argument.find_first_not_of(plain) == std::string::npos) {
      line += argument;
      continue;
    }
    line += '\'';
    for (const char c : argument) c == '\'' ? line += "'\\''" : line += c;
    line += '\'';
  }
  return line;
}

}  // namespace kclhost::host::launch
