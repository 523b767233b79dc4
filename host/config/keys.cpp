#include "config/keys.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "config/messages.hpp"
#include "config/units.hpp"

namespace kclhost::host::config {
namespace {

using Text = std::optional<std::string>;
using Size = std::optional<std::uint64_t>;

constexpr std::array<std::string_view, 2> isolations{"process", "none"};
constexpr std::array<std::string_view, 4> thens{"block", "stop", "skip", "dead_letter"};
constexpr std::array<std::string_view, 2> profiles{"steady", "small"};
constexpr std::array<std::string_view, 5> log_levels{"trace", "debug", "info", "warn", "error"};
constexpr std::array<std::string_view, 2> log_formats{"json", "text"};
constexpr std::array<std::string_view, 2> log_sinks{"auto", "stderr"};

std::string check_not_empty(std::string& value) {
  return value.empty() ? "must not be empty" : "";
}

std::string check_sha256(std::string& value) {
  for (char& c : value)
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
  if (value.size() == 64 && value.find_first_not_of("0123456789abcdef") == std::string::npos) return "";
  return "must be 64 hexadecimal digits, as sha256sum prints them";
}

// NAME or UID:GID. Whether there is such a user is looked at where the worker is to start.
std::string check_user(std::string& value) {
  const bool numbers = value.find_first_not_of("0123456789:") == std::string::npos;
  const std::size_t colon = value.find(':');
  const auto is_id = [](std::string_view text) {
    std::uint32_t id = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
    return error == std::errc() && end == text.data() + text.size() && id != UINT32_MAX;  // that one is "no change"
  };
  const std::string_view text = value;
  const bool good = numbers
                        ? colon != std::string::npos && is_id(text.substr(0, colon)) && is_id(text.substr(colon + 1))
                        : !value.empty() && colon == std::string::npos;
  if (good) return "";
  return "must be a user's name, or UID:GID, such as nobody or 65534:65534, not " + in_quotes(value);
}

// HOST:PORT, where the host needs no asking for.
std::string check_listen(std::string& value) {
  constexpr const char* what = "must be an address and a port, such as 127.0.0.1:9464 or 0.0.0.0:9464";
  const std::size_t colon = value.rfind(':');
  if (colon == std::string::npos || colon == 0) return what;
  std::string host = value.substr(0, colon);
  unsigned port = 0;
  const char* const end = value.data() + value.size();
  const auto [stopped, fault] = std::from_chars(value.data() + colon + 1, end, port);
  if (fault != std::errc() || stopped != end || port > 65535) return what;
  unsigned char binary[16];
  if (host == "localhost") return "";
  if (host.front() != '[') return ::inet_pton(AF_INET, host.c_str(), binary) == 1 ? "" : what;
  if (host.back() != ']') return what;
  return ::inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), binary) == 1 ? "" : what;
}

// clang-format off
constexpr std::array all_keys{
    Key{.name = "version", .description = "The version of this file's format.", .target = Version{},
        .missing = "version: 1"},
    Key{.name = "plugins_dir", .description = "Where plugins lie; plugin.path resolves inside it, symlinks followed.",
        .target = Directory{[](Config& c) -> std::filesystem::path& { return c.plugins_dir; }},
        .derived_default = "plugins"},
    Key{.name = "streams", .description = "Several streams, each with a daemon of its own under one kclhost launch: a map of names to what each has of its own. All other keys of the file count for each of them, where it does not say otherwise.",
        .target = Streams{}},

    Key{.name = "plugin", .description = "The record processor to run.", .target = Section{},
        .missing = "plugin: {path: my_processor.so}"},
    Key{.name = "plugin.path", .description = "The plugin's file, inside plugins_dir.",
        .target = Field<std::string>{[](Config& c) -> std::string& { return c.plugin.path; }},
        .check = check_not_empty, .missing = "path: my_processor.so"},
    Key{.name = "plugin.sha256", .description = "Pins the file: any other content is refused.",
        .target = Field<Text>{[](Config& c) -> Text& { return c.plugin.sha256; }},
        .check = check_sha256, .pattern = "[0-9A-Fa-f]{64}", .nullable = true},
    Key{.name = "plugin.config", .description = "The plugin's own configuration, any YAML; it reaches the plugin as JSON text.",
        .target = AnyYaml{[](Config& c) -> std::string& { return c.plugin.config_json; }}, .derived_default = "{}", .nullable = true},

    Key{.name = "isolation", .description = "process: the plugin runs in a worker process, which contains its crashes and hangs; none: inside the host.",
        .target = Choice{isolations, [](Config& c, int i) { c.isolation = static_cast<Isolation>(i); },
                         [](const Config& c) { return static_cast<int>(c.isolation); }}},
    Key{.name = "concurrency", .description = "Workers on one shard, records spread by partition key; for plugins whose checkpoints the host makes.",
        .target = Field<int>{[](Config& c) -> int& { return c.concurrency; }}, .most = 64},
    Key{.name = "state_dir", .description = "Staged plugins, dead letters and runtime sockets.",
        .target = Directory{[](Config& c) -> std::filesystem::path& { return c.state_dir; }},
        .derived_default = "$XDG_STATE_HOME/kclhost, else $HOME/.local/state/kclhost, else /tmp/kclhost-UID",
        .nullable = true},

    Key{.name = "checkpoint", .description = "Checkpoints that the host makes.", .target = Section{}},
    Key{.name = "checkpoint.interval", .description = "The least time between two of a shard's checkpoints; 0s: after every batch.",
        .target = Field<Milliseconds>{[](Config& c) -> Milliseconds& { return c.checkpoint.interval; }}, .least = 0},
    Key{.name = "checkpoint.retry", .description = "How a checkpoint is tried again that was throttled or could not reach the lease table.",
        .target = Section{}},
    Key{.name = "checkpoint.retry.max_attempts", .description = "Attempts, the first included.",
        .target = Field<int>{[](Config& c) -> int& { return c.checkpoint.retry.max_attempts; }}},
    Key{.name = "checkpoint.retry.initial_backoff", .description = "The wait before the second attempt; it doubles from then on.",
        .target = Field<Milliseconds>{[](Config& c) -> Milliseconds& { return c.checkpoint.retry.initial_backoff; }}},
    Key{.name = "checkpoint.retry.max_backoff", .description = "The longest wait between two attempts.",
        .target = Field<Milliseconds>{[](Config& c) -> Milliseconds& { return c.checkpoint.retry.max_backoff; }}},

    Key{.name = "on_error", .description = "What happens to records that the plugin failed on.", .target = Section{}},
    Key{.name = "on_error.retry", .description = "How a failed batch is tried again.", .target = Section{}},
    Key{.name = "on_error.retry.max_attempts", .description = "Attempts, the first included.",
        .target = Field<int>{[](Config& c) -> int& { return c.on_error.retry.max_attempts; }}},
    Key{.name = "on_error.retry.initial_backoff", .description = "The wait before the second attempt; it doubles from then on.",
        .target = Field<Milliseconds>{[](Config& c) -> Milliseconds& { return c.on_error.retry.initial_backoff; }}},
    Key{.name = "on_error.retry.max_backoff", .description = "The longest wait between two attempts.",
        .target = Field<Milliseconds>{[](Config& c) -> Milliseconds& { return c.on_error.retry.max_backoff; }}},
    Key{.name = "on_error.bisect", .description = "Halve a batch that keeps failing, to find the records it fails on.",
        .target = Field<bool>{[](Config& c) -> bool& { return c.on_error.bisect; }}},
    Key{.name = "on_error.max_record_age", .description = "Older records go to `then` without being tried; null: no limit.",
        .target = Field<std::optional<Milliseconds>>{[](Config& c) -> std::optional<Milliseconds>& { return c.on_error.max_record_age; }},
        .nullable = true},
    Key{.name = "on_error.then", .description = "What becomes of the records that keep failing. block: the shard waits and tries on; stop: the host ends, and so does the daemon; skip: they are dropped; dead_letter: they are kept in dead_letter.path.",
        .target = Choice{thens, [](Config& c, int i) { c.on_error.then = static_cast<Then>(i); },
                         [](const Config& c) { return static_cast<int>(c.on_error.then); }}},

    Key{.name = "dead_letter", .description = "Where records are kept that on_error.then: dead_letter gave up.", .target = Section{}},
    Key{.name = "dead_letter.path", .description = "The directory, relative to state_dir.",
        .target = Directory{[](Config& c) -> std::filesystem::path& { return c.dead_letter.path; }, "state_dir"}},
    Key{.name = "dead_letter.max_file_size", .description = "A file that has grown to this size is closed and a new one begun.",
        .target = Field<std::uint64_t>{[](Config& c) -> std::uint64_t& { return c.dead_letter.max_file_size; }}, .least = 1024},

    Key{.name = "in_flight", .description = "The most of one shard's records that a plugin which checkpoints for itself, or acknowledges, may leave unfinished.", .target = Section{}},
    Key{.name = "in_flight.max_bytes", .description = "Their data and partition keys together; at most 1GiB, because a plugin is given all of it at once when its worker has died.",
        .target = Field<std::uint64_t>{[](Config& c) -> std::uint64_t& { return c.in_flight.max_bytes; }}, .least = 1024, .most_bytes = 1 << 30},
    Key{.name = "in_flight.max_records", .description = "Their number.",
        .target = Count{[](Config& c) -> std::uint64_t& { return c.in_flight.max_records; }}, .most = 1'000'000'000},

    Key{.name = "timeouts", .description = "How long the plugin's calls may take before its worker is killed.", .target = Section{}},
    Key{.name = "timeouts.initialize", .description = "Starting an instance: create and initialize.",
        .target = Field<Milliseconds>{[](Config& c) -> Milliseconds& { return c.timeouts.initialize; }}},
    Key{.name = "timeouts.swap", .description = "initialize of an instance that takes over from one that works: the shard stands still meanwhile. After that the old one goes on.",
        .target = Field<Milliseconds>{[](Config& c) -> Milliseconds& { return c.timeouts.swap; }}},
    Key{.name = "timeouts.process_records", .description = "One call of process_records or flush.",
        .target = Field<Milliseconds>{[](Config& c) -> Milliseconds& { return c.timeouts.process_records; }}},
    Key{.name = "timeouts.shutdown", .description = "One call of shard_ended, lease_lost or shutdown_requested.",
        .target = Field<Milliseconds>{[](Config& c) -> Milliseconds& { return c.timeouts.shutdown; }}},

    Key{.name = "worker", .description = "The plugin's process.", .target = Section{}},
    Key{.name = "worker.max_memory", .description = "A worker that has grown beyond this is replaced after the batch; null: no limit.",
        .target = Field<Size>{[](Config& c) -> Size& { return c.worker.max_memory; }}, .least = 16 << 20, .nullable = true},
    Key{.name = "worker.core_dumps", .description = "Let a crashing worker leave a core file, as the system is set up for it.",
        .target = Field<bool>{[](Config& c) -> bool& { return c.worker.core_dumps; }}},
    Key{.name = "worker.crash_payloads", .description = "Put the data of the records in hand into crash reports.",
        .target = Field<bool>{[](Config& c) -> bool& { return c.worker.crash_payloads; }}},
    Key{.name = "worker.orderly_exit", .description = "End the plugin's process by exit(), so that atexit handlers and static destructors run: for coverage, leak checkers and profilers. They share timeouts.shutdown with the destructor.",
        .target = Field<bool>{[](Config& c) -> bool& { return c.worker.orderly_exit; }}},
    Key{.name = "worker.user", .description = "The user that workers run as, where kclhost is root: a name, or UID:GID; null: kclhost's own.",
        .target = Field<Text>{[](Config& c) -> Text& { return c.worker.user; }},
        .check = check_user, .pattern = "[^:]*[^0-9:][^:]*|[0-9]+:[0-9]+", .nullable = true},

    Key{.name = "rollout", .description = "How a new release is taken up: another file of the plugin, or another plugin.config.", .target = Section{}},
    Key{.name = "rollout.steps", .description = "How many of this machine's shards try it, step by step: counts or percentages.",
        .target = Steps{[](Config& c) -> std::vector<RolloutStep>& { return c.rollout.steps; }}},
    Key{.name = "rollout.bake", .description = "When a step is over: both have passed.", .target = Section{}},
    Key{.name = "rollout.bake.time", .description = "Time since the step began.",
        .target = Field<Milliseconds>{[](Config& c) -> Milliseconds& { return c.rollout.bake.time; }}, .least = 0},
    Key{.name = "rollout.bake.records", .description = "Records that the new release has processed in the step.",
        .target = Count{[](Config& c) -> std::uint64_t& { return c.rollout.bake.records; }}, .least = 0, .most = 1'000'000'000},
    Key{.name = "rollout.undo_on", .description = "What a release on trial is undone for.", .target = Section{}},
    Key{.name = "rollout.undo_on.crashes", .description = "Deaths of its workers that no record is to blame for.",
        .target = Field<int>{[](Config& c) -> int& { return c.rollout.undo_on.crashes; }}},
    Key{.name = "rollout.undo_on.failures_of_new_only", .description = "Batches it failed on and the release before did not.",
        .target = Field<int>{[](Config& c) -> int& { return c.rollout.undo_on.failures_of_new_only; }}},
    Key{.name = "rollout.undo_on.call_longer_than", .description = "A call of process_records, tick or flush that takes longer, and ten times as long as those of the release before on the same shard, is a hang: the worker is ended, and the release before gets the records.",
        .target = Field<Milliseconds>{[](Config& c) -> Milliseconds& { return c.rollout.undo_on.call_longer_than; }}},
    Key{.name = "rollout.undo_on.slower_than", .description = "Time a record, compared with the release before on the same shards; null: not looked at.",
        .target = Ratio{[](Config& c) -> std::optional<double>& { return c.rollout.undo_on.slower_than; }}, .nullable = true},
    Key{.name = "rollout.undo_on.more_memory_than", .description = "Memory of a worker, compared with the release before on the same shards; null: not looked at.",
        .target = Ratio{[](Config& c) -> std::optional<double>& { return c.rollout.undo_on.more_memory_than; }}, .nullable = true},
    Key{.name = "rollout.keep", .description = "Releases that stay on the disk.",
        .target = Field<int>{[](Config& c) -> int& { return c.rollout.keep; }}, .most = 1000},

    Key{.name = "shadow", .description = "A plugin to try on live records: it is given copies of the batches, and nothing depends on it.", .target = Section{}},
    Key{.name = "shadow.path", .description = "Its file, inside plugins_dir; a plugin that can run as a shadow.",
        .target = Field<std::string>{[](Config& c) -> std::string& { return c.shadow.path; }},
        .check = check_not_empty, .missing = "path: new_version.so"},
    Key{.name = "shadow.config", .description = "Its own configuration, as plugin.config is the plugin's.",
        .target = AnyYaml{[](Config& c) -> std::string& { return c.shadow.config_json; }}, .derived_default = "{}", .nullable = true},

    Key{.name = "log", .description = "The host's log, and the plugin's.", .target = Section{}},
    Key{.name = "log.level", .description = "Lines below this level are not written.",
        .target = Choice{log_levels, [](Config& c, int i) { c.log.level = static_cast<LogLevel>(i); },
                         [](const Config& c) { return static_cast<int>(c.log.level); }}},
    Key{.name = "log.format", .description = "json: an object a line, for log collectors; text: for people.",
        .target = Choice{log_formats, [](Config& c, int i) { c.log.format = static_cast<LogFormat>(i); },
                         [](const Config& c) { return static_cast<int>(c.log.format); }}},
    Key{.name = "log.sink", .description = "auto: kclhost launch when there is one, else log.file or standard error; stderr: standard error.",
        .target = Choice{log_sinks, [](Config& c, int i) { c.log.sink = static_cast<LogSink>(i); },
                         [](const Config& c) { return static_cast<int>(c.log.sink); }}},
    Key{.name = "log.file", .description = "The file that the log is written to in place of standard error.",
        .target = Directory{[](Config& c) -> std::filesystem::path& { return c.log.file; }}, .nullable = true},
    Key{.name = "log.rotate", .description = "When log.file is renamed to FILE.1, and that to FILE.2, and a new one begun.", .target = Section{}},
    Key{.name = "log.rotate.size", .description = "Before it would become larger than this.",
        .target = Field<std::uint64_t>{[](Config& c) -> std::uint64_t& { return c.log.rotate.size; }}, .least = 1024},
    Key{.name = "log.rotate.keep", .description = "How many of these files stay.",
        .target = Field<int>{[](Config& c) -> int& { return c.log.rotate.keep; }}, .most = 1000},

    Key{.name = "metrics", .description = "What kclhost launch tells of its shards: metrics, health.", .target = Section{}},
    Key{.name = "metrics.listen", .description = "The address and port where /metrics, /healthz, /readyz and /shards are served, such as 127.0.0.1:9464; null: nowhere.",
        .target = Field<Text>{[](Config& c) -> Text& { return c.metrics.listen; }},
        .check = check_listen, .pattern = "([0-9.]+|localhost|\\[[0-9A-Fa-f:.]+\\]):[0-9]{1,5}", .nullable = true},
    Key{.name = "metrics.stalled_after", .description = "A shard that has something to do and has got nothing done for so long makes /readyz answer 503.",
        .target = Field<Milliseconds>{[](Config& c) -> Milliseconds& { return c.metrics.stalled_after; }}},
    Key{.name = "metrics.emf", .description = "Write the main metrics into the log of kclhost launch, as CloudWatch takes them: embedded metric format.",
        .target = Field<bool>{[](Config& c) -> bool& { return c.metrics.emf; }}},
    Key{.name = "metrics.emf_interval", .description = "How often metrics.emf writes.",
        .target = Field<Milliseconds>{[](Config& c) -> Milliseconds& { return c.metrics.emf_interval; }}},

    Key{.name = "daemon", .description = "The MultiLangDaemon, for kclhost launch.", .target = Section{}},
    Key{.name = "daemon.java", .description = "The Java program: a name to find in PATH, or a path.",
        .target = Field<std::string>{[](Config& c) -> std::string& { return c.daemon.java; }}, .check = check_not_empty},
    Key{.name = "daemon.profile", .description = "What the JVM is tuned for. steady: the least CPU a record; small: the least memory and the fastest start, for streams with little on them.",
        .target = Choice{profiles, [](Config& c, int i) { c.daemon.profile = static_cast<Profile>(i); },
                         [](const Config& c) { return static_cast<int>(c.daemon.profile); }}},
    Key{.name = "daemon.heap", .description = "The most that the JVM's heap may grow to; null: by the memory of the container or machine.",
        .target = Field<Size>{[](Config& c) -> Size& { return c.daemon.heap; }}, .least = 32 << 20, .nullable = true},
    Key{.name = "daemon.jvm_options", .description = "Options for the JVM, one a list item.",
        .target = Field<std::vector<std::string>>{[](Config& c) -> std::vector<std::string>& { return c.daemon.jvm_options; }}},
    Key{.name = "daemon.jars", .description = "The directory with the daemon's jars (kclhost fetch-daemon fills one).",
        .target = Directory{[](Config& c) -> std::filesystem::path& { return c.daemon.jars; }}, .nullable = true},
    Key{.name = "daemon.logback", .description = "The daemon's Logback configuration.",
        .target = Directory{[](Config& c) -> std::filesystem::path& { return c.daemon.logback; }}, .nullable = true},
    Key{.name = "daemon.prime", .description = "Make the tables and leases of a new application before the daemon starts: its first record comes sooner.",
        .target = Field<bool>{[](Config& c) -> bool& { return c.daemon.prime; }}},
    Key{.name = "daemon.properties", .description = "The daemon's own properties, by the KCL's names.", .target = Properties{},
        .derived_default = "{}", .nullable = true},
    Key{.name = "daemon.allow_unknown_properties", .description = "Pass properties on that kclhost does not know; kclhost check warns of them.",
        .target = Field<bool>{[](Config& c) -> bool& { return c.daemon.allow_unknown_properties; }}},
};
// clang-format on

std::string steps_text(const std::vector<RolloutStep>& steps) {
  std::string text;
  for (const RolloutStep& step : steps) {
    text += (text.empty() ? "[" : ", ") + std::to_string(step.number) + (step.percent ? "%" : "");
  }
  return text + "]";
}

template <typename... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <typename... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

}  // namespace

std::span<const Key> keys() {
  return all_keys;
}

const Key* find_key(std::string_view name) {
  const auto found = std::find_if(all_keys.begin(), all_keys.end(), [&](const Key& key) { return key.name == name; });
  return found == all_keys.end() ? nullptr : &*found;
}

std::string_view type_name(const Key& key) {
  return std::visit(
      Overloaded{[](Section) { return "section"; }, [](Version) { return "integer"; },
                 [](const AnyYaml&) { return "any"; }, [](Properties) { return "map"; }, [](Streams) { return "map"; },
                 [](const Choice&) { return "choice"; }, [](const Directory&) { return "path"; },
                 [](const Count&) { return "integer"; }, [](const Steps&) { return "list"; },
                 [](const Ratio&) { return "ratio"; }, [](Field<bool>) { return "boolean"; },
                 [](Field<int>) { return "integer"; }, [](Field<Milliseconds>) { return "duration"; },
                 [](Field<std::optional<Milliseconds>>) { return "duration"; },
                 [](Field<std::uint64_t>) { return "size"; }, [](Field<Size>) { return "size"; },
                 [](Field<std::string>) { return "string"; }, [](Field<Text>) { return "string"; },
                 [](Field<std::vector<std::string>>) { return "list"; }},
      key.target);
}

std::string default_text(const Key& key) {
  if (!key.derived_default.empty()) return std::string(key.derived_default);
  Config fresh;
  return std::visit(
      Overloaded{
          [&](const Choice& choice) { return std::string(choice.names[static_cast<std::size_t>(choice.get(fresh))]); },
          [&](const Directory& directory) { return directory.field(fresh).string(); },
          [&](const Count& count) { return std::to_string(count.field(fresh)); },
          [&](const Steps& steps) { return steps_text(steps.field(fresh)); },
          [](const Ratio&) { return std::string("null"); },
          [&](Field<bool> field) { return std::string(field(fresh) ? "true" : "false"); },
          [&](Field<int> field) { return std::to_string(field(fresh)); },
          [&](Field<Milliseconds> field) { return format_duration(field(fresh)); },
          [&](Field<std::uint64_t> field) { return format_size(field(fresh)); },
          [&](Field<std::string> field) { return field(fresh); },
          [](Field<std::vector<std::string>>) { return std::string("[]"); },
          [](Field<std::optional<Milliseconds>>) { return std::string("null"); },
          [](Field<Size>) { return std::string("null"); }, [](Field<Text>) { return std::string("null"); },
          [](const auto&) { return std::string(); }},
      key.target);
}

}  // namespace kclhost::host::config
