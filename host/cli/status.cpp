#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "cli/cli.hpp"
#include "cli/configuration.hpp"
#include "cli/listing.hpp"
#include "config/config.hpp"
#include "hub/health.hpp"
#include "hub/snapshot.hpp"
#include "hub/socket.hpp"
#include "program/output.hpp"
#include "store/state_key.hpp"
#include "support/excerpt.hpp"
#include "support/exit_code.hpp"

namespace kclhost::host::cli {
namespace {

using namespace std::chrono_literals;

constexpr auto patience_with_launch = 5s;
constexpr auto between_looks = 2s;

struct StatusOptions {
  Source config{};
  bool json = false, watch = false, alive = false;
};

using Row = std::vector<std::string>;

std::string seconds_text(std::int64_t ms) {
  const std::int64_t s = std::max<std::int64_t>(ms, 0) / 1000;
  if (s < 120) return std::to_string(s) + "s";
  if (s < 7200) return std::to_string(s / 60) + "m";
  return std::to_string(s / 3600) + "h";
}

Row row_of(const hub::Snapshot::Host& host, const hub::Snapshot& all, std::chrono::milliseconds window) {
  const hub::ShardState& state = host.state;
  const std::string trouble = hub::trouble_of(host, all.taken_ms, window);
  // What is wrong comes first, and then what may be its reason.
  const std::string told = trouble + (trouble.empty() || state.error.empty() ? "" : "; last error: ") + state.error;
  const auto since = [&all](std::int64_t ms) { return ms == 0 ? "-" : seconds_text(all.taken_ms - ms); };
  return {excerpt(state.shard, 40),
          !trouble.empty() ? "no" : "yes",
          state.blocked ? "blocked" : state.phase,
          state.behind_ms < 0 ? "-" : seconds_text(state.behind_ms),
          since(state.checkpoint_ms),
          std::to_string(state.unfinished),
          std::to_string(state.dead_letters),
          std::to_string(state.restarts),
          excerpt(state.plugin + " " + state.version, 40),
          excerpt(told, 160)};
}

void print_launch(const hub::Snapshot& all) {
  const hub::LaunchState& launch = all.launch;
  std::string about = "kclhost " + launch.version + ", process " + std::to_string(launch.pid) + ", up " +
                      seconds_text(all.taken_ms - launch.started_ms) + ": application " + launch.application +
                      ", stream " + launch.stream;
  if (!launch.worker.empty()) about += ", worker " + launch.worker;
  if (launch.stopping) about += "; it is stopping";
  if (!hub::is_alive(all)) about += "; the daemon does not run";
  std::puts(about.c_str());
}

// The launches that one looks after.
void print_streams(const hub::Snapshot& all) {
  const hub::LaunchState& launch = all.launch;
  std::printf("kclhost %s, process %lld, up %s: %zu streams%s\n", launch.version.c_str(),
              static_cast<long long>(launch.pid), seconds_text(all.taken_ms - launch.started_ms).c_str(),
              all.streams.size(), launch.stopping ? "; it is stopping" : "");
  for (const hub::LaunchState& one : all.streams) {
    std::string about = one.name + ": application " + one.application + ", stream " + one.stream;
    if (!one.worker.empty()) about += ", worker " + one.worker;
    if (one.restarts > 0) about += ", started again " + std::to_string(one.restarts) + "x";
    if (one.daemon_pid == 0) about += "; the daemon does not run";
    std::puts(about.c_str());
  }
}

void print_table(const hub::Snapshot& all, std::chrono::milliseconds window) {
  const bool several = !all.streams.empty();
  several ? print_streams(all) : print_launch(all);
  std::vector<Row> rows{{"SHARD", "READY", "PHASE", "BEHIND", "CHECKPOINT", "UNFINISHED", "DEAD LETTERS", "RESTARTS",
                         "PLUGIN", "TROUBLE OR LAST ERROR"}};
  for (const hub::Snapshot::Host& host : all.hosts) {
    if (host.state.shard.empty()) continue;
    rows.push_back(row_of(host, all, window));
    if (several) rows.back().insert(rows.back().begin(), host.state.stream);
  }
  if (several) rows.front().insert(rows.front().begin(), "STREAM");
  std::sort(rows.begin() + 1, rows.end());
  if (rows.size() == 1) {
    std::puts("no shard: it has no lease, or none yet");
  } else {
    print_columns(rows);
  }
}

// Which launches are meant: those that run one of these applications. What is not of one stream alone is the same in
// all of them.
struct Wanted {
  std::vector<config::Config> configs;
  bool one_stream = false;  // of several, and nothing of the others

  const config::Config& any() const { return configs.front(); }
  bool has(const hub::LaunchState& launch) const {
    return std::any_of(configs.begin(), configs.end(), [&launch](const config::Config& config) {
      return launch.application == store::daemon_property(config, "applicationName") &&
             launch.stream == store::stream_name(config);
    });
  }
};

// Of all that share the state_dir.
std::vector<hub::Snapshot> ask_all(const Wanted& wanted) {
  std::vector<hub::Snapshot> found;
  for (const auto& socket : hub::sockets_in(wanted.any().state_dir / "run")) {
    auto one = hub::ask_hub(socket, patience_with_launch);
    if (!one) continue;
    const auto stream = std::find_if(one->streams.begin(), one->streams.end(),
                                     [&wanted](const hub::LaunchState& launch) { return wanted.has(launch); });
    if (stream != one->streams.end()) {
      found.push_back(wanted.one_stream ? one->part(*stream) : std::move(*one));
    } else if (wanted.has(one->launch)) {
      found.push_back(std::move(*one));
    }
  }
  return found;
}

int look(const Wanted& wanted, bool json) {
  const config::Config& config = wanted.any();
  const std::vector<hub::Snapshot> found = ask_all(wanted);
  if (found.empty()) {
    complain("no kclhost launch runs with " + config.file.string() + " and the state_dir " + config.state_dir.string());
    return exit_stopped;
  }
  bool ready = true;
  for (const hub::Snapshot& one : found) {
    ready &= hub::troubles(one, config.metrics.stalled_after).empty();
    if (json) {
      std::fputs(hub::shards_json(one, config.metrics.stalled_after).c_str(), stdout);
    } else {
      print_table(one, config.metrics.stalled_after);
    }
  }
  return ready ? exit_done : exit_stopped;
}

// What /healthz says, by the exit code: for a health check, which ends what is not well.
int look_whether_alive(const Wanted& wanted) {
  const std::vector<hub::Snapshot> found = ask_all(wanted);
  if (!found.empty() && std::all_of(found.begin(), found.end(), hub::is_alive)) {
    std::puts("alive");
    return exit_done;
  }
  complain(found.empty() ? "no kclhost launch runs with " + wanted.any().file.string() : "the daemon does not run");
  return exit_stopped;
}

int watch(const Wanted& wanted, bool json) {
  const bool terminal = ::isatty(STDOUT_FILENO) != 0;
  for (;;) {
    if (terminal && !json) std::fputs("\033[H\033[2J", stdout);
    look(wanted, json);
    if (const auto failed = finish_output()) {
      complain(failed->message);
      return failed->exit_code;
    }
    std::this_thread::sleep_for(between_looks);
  }
}

int status(const StatusOptions& options) {
  const Source source{configuration(options.config.file), options.config.stream};
  if (source.file.empty()) return no_configuration();
  Wanted wanted;
  for (const std::string& stream : streams_of(source)) {
    auto loaded = load({source.file, stream});
    if (!loaded) return exit_usage;
    wanted.configs.push_back(std::move(loaded->config));
  }
  wanted.one_stream = !source.stream.empty();
  if (options.alive) return look_whether_alive(wanted);
  return options.watch ? watch(wanted, options.json) : look(wanted, options.json);
}

}  // namespace

void add_status(CommandLine& program) {
  CommandLine command = program.add_command("status", "Show the shards of the kclhost launch that runs");
  const auto options = std::make_shared<StatusOptions>();
  add_configuration(command, options->config);
  command.add({.names = "--json", .into = &options->json, .help = "As JSON, what /shards has: a line for each launch"});
  command.add({.names = "--watch", .into = &options->watch, .help = "Again every two seconds"});
  command.add({.names = "--alive",
               .into = &options->alive,
               .help = "Only whether kclhost launch and the daemon live, by the exit code, for a health check"});
  command.runs([options] { return status(*options); });
}

}  // namespace kclhost::host::cli
