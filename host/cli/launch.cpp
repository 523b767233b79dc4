#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "cli/findings.hpp"
#include "cli/launch.hpp"
#include "config/config.hpp"
#include "config/daemon_version.hpp"
#include "hub/hub.hpp"
#include "kclhost_version.hpp"
#include "launch/blocked_signals.hpp"
#include "launch/child_process.hpp"
#include "launch/class_archive.hpp"
#include "launch/command.hpp"
#include "launch/fetch_command.hpp"
#include "launch/files.hpp"
#include "launch/lease_interval.hpp"
#include "launch/log_sink.hpp"
#include "launch/outputs.hpp"
#include "launch/parent.hpp"
#include "launch/priming.hpp"
#include "launch/properties.hpp"
#include "launch/service_manager.hpp"
#include "launch/supervisor.hpp"
#include "launch/web_server.hpp"
#include "launch/worker_name.hpp"
#include "observe/log_file.hpp"
#include "store/release_store.hpp"
#include "store/state_key.hpp"
#include "support/exit_code.hpp"
#include "support/wall_clock.hpp"

namespace kclhost::host::cli {
namespace {

int fail(const std::string& message, ExitCode code) {
  complain(message);
  return code;
}

// 128 + n: the JVM's own way to say that signal n ended it in order.
bool ended_in_order(int wait_status) {
  const int code = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : -1;
  return code == 0 || code == 128 + SIGTERM || code == 128 + SIGINT ||
         (WIFSIGNALED(wait_status) && WTERMSIG(wait_status) == SIGTERM);
}

std::string describe(int wait_status) {
  // The JVM's own way to say so, by -XX:+ExitOnOutOfMemoryError.
  if (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 3) {
    return "ran out of memory (exit status 3): raise daemon.heap (or -Xmx in daemon.jvm_options), or set "
           "daemon.properties.maxRecords lower";
  }
  return launch::describe_end(wait_status);
}

std::string describe_left_out(int wait_status) {
  const std::string what = "the KCL left out records that it had read; its log above says why. ";
  if (WIFSIGNALED(wait_status) && WTERMSIG(wait_status) == SIGKILL) {
    return what + "The daemon was killed before it checkpoints beyond them: started again, it reads them again";
  }
  return what + "The daemon was ending by then and may have checkpointed beyond them";
}

std::string describe_giving_up(const std::string& version) {
  const std::string what = "the daemon gave up before it had begun; its log above says why. ";
  return config::is_before(version, "3.5.0") ? what + "Started again, it tries again"
                                             : what +
                                                   "Daemons of 3.5.0 and 3.5.1 that make a new application's tables "
                                                   "together can fail like this: start it again";
}

// What runs, in one line, so that a log tells by itself.
std::string introduce(const config::Config& config, const launch::Command& command, const Findings& findings) {
  const std::string daemon = config::daemon_version(command.jars);
  return std::string("kclhost ") + KCLHOST_VERSION + " starts the daemon " +
         (daemon.empty() ? "of an unknown version" : daemon) + " with plugin " + findings.plugin->id + " " +
         findings.plugin->version + " (" + findings.plugin_file + ", SHA-256 " + findings.plugin_sha256 +
         ") and configuration " + config.file.string();
}

// Why the daemon ended, and what that means for us.
int judge(const launch::Outcome& outcome, const std::string& version, launch::Outputs& outputs) {
  const std::string end = describe(outcome.wait_status);
  if (outcome.forced) {
    outputs.say(config::LogLevel::warn,
                "the daemon and what it ran were killed: a second signal came before they had ended");
  } else if (outcome.left_out) {
    outputs.complain(describe_left_out(outcome.wait_status));
  } else if (outcome.gave_up) {
    outputs.complain(describe_giving_up(version));
  } else if (!outcome.stop_requested) {
    outputs.complain("the daemon " + end + "; its log above says why");
  } else if (!ended_in_order(outcome.wait_status)) {
    outputs.complain("the daemon " + end + " while it was shutting down; its log above says why");
  } else {
    return exit_done;
  }
  return exit_stopped;
}

hub::LaunchState introduce_self(const config::Config& config, const std::map<std::string, std::string>& properties,
                                const std::string& address) {
  hub::LaunchState launch = state_of_launch(config);
  for (const char* const name : {"workerId", "workerIdentifier"}) {
    const auto found = properties.find(name);
    if (found != properties.end()) launch.worker = found->second;
  }
  launch.metrics = address;
  return launch;
}

int start_daemon(const config::Config& config, const Findings& findings, const launch::ServiceVariables& variables,
                 launch::Command command, launch::Overrides overrides) {
  if (const int code = refuse_obstacle(config, command); code != exit_done) return code;
  const auto parent = config.stream.empty() ? std::nullopt : launch::Parent::from_environment();
  // With a parent it is that which writes the log, serves the metrics and tells the service manager.
  auto log_file = parent ? Result(std::optional<observe::LogFile>()) : open_log_file(config.log);
  if (!log_file) return fail(log_file.error(), exit_stopped);
  launch::Outputs outputs(config.log, std::move(*log_file));
  if (!command.archive.empty() && !launch::archive_fits(*launch::find_program(command.arguments[0]), command.jars)) {
    outputs.say(config::LogLevel::warn,
                command.archive.string() +
                    " was not made by this Java or not of these jars, so the daemon starts without it, " +
                    "slower; to make it anew: " + launch::command_for_archive(config, command.arguments.front()));
    overrides.without_archive = true;
    command = *launch::make_command(config, launch::own_executable(), overrides);
  }
  std::optional<launch::WorkerName> name;
  if (!launch::names_worker(config)) {
    auto taken = launch::WorkerName::take(config.state_dir / "workers", store::state_key(config));
    if (!taken) return fail(taken.error(), exit_stopped);
    name = std::move(*taken);
    overrides.worker_name = name->str();
    command = *launch::make_command(config, launch::own_executable(), overrides);
  }
  if (const auto written = launch::write_properties(command); !written) return fail(written.error(), exit_stopped);
  auto log = launch::LogSink::open(command.properties_file.parent_path());
  if (!log) return fail(log.error(), exit_stopped);
  auto reach = parent ? Reach() : open_reach(config, variables, command.properties_file.parent_path(), outputs);
  if (!reach) return fail(reach.error(), exit_stopped);
  hub::LaunchState state = introduce_self(config, command.properties, reach->web ? reach->web->address() : "");
  outputs.say(config::LogLevel::info, introduce(config, command, findings));
  launch::Job job;
  job.arguments = command.arguments;
  if (const auto kclhost = launch::own_executable(); !launch::why_not_primed(config.daemon, kclhost)) {
    job.arguments = launch::with_priming(kclhost, command.properties_file, command.arguments);
  }
  job.environment[launch::log_socket_variable] = log->path().string();
  job.state = &state;
  std::optional<launch::EmfLog> emf;
  if (parent) {
    job.environment[hub::hub_variable] = parent->hub();
    job.on_state = [&] { parent->tell(state); };
  } else {
    hub::Hub& hub = *reach->hub;
    hub.launch() = state;
    job.state = &hub.launch();
    job.hub = &hub;
    job.environment[hub::hub_variable] = hub.path().string();
    if (config.metrics.emf) job.emf = &emf.emplace(config.metrics, hub, outputs);
    if (reach->web) job.web = &*reach->web;
    if (reach->manager) job.service_manager = &*reach->manager;
  }
  if (name) job.keep_open = name->lock();
  job.lease_interval = launch::lease_interval(command.properties);
  const store::ReleaseStore releases(config.state_dir, store::state_key(config));
  job.on_hangup = [&releases, &outputs] {
    if (const std::string why = releases.ask_to_look(); !why.empty()) outputs.say(config::LogLevel::warn, why);
  };
  job.linger = config.timeouts.shutdown + std::chrono::seconds{5};
  const auto outcome = launch::supervise(job, *log, outputs);
  if (outcome) return judge(*outcome, config::daemon_version(command.jars), outputs);
  outputs.complain(outcome.error());
  return exit_stopped;
}

int start_or_print(const LaunchOptions& options) {
  if (options.config.file.empty()) return no_configuration();
  const bool prints = options.print_classpath || options.print_command || options.print_properties;
  if (!prints) launch::end_at_signals();
  const auto variables = launch::ServiceVariables::take();
  if (const auto streams = streams_of(options.config); !prints && options.config.stream.empty() && !streams[0].empty())
    return launch_streams(options, variables, streams);
  const auto found = load(options.config);
  if (!found) return exit_usage;
  const config::Config& config = found->config;
  const Findings findings = prints ? Findings() : find_problems(*found);
  for (const config::Problem& problem : findings.problems) complain(problem.str());
  if (!findings.problems.empty()) return findings.exit_code;

  const launch::Overrides overrides = overrides_of(options);
  const auto command = launch::make_command(config, launch::own_executable(), overrides);
  if (!command) return fail(command.error(), exit_usage);

  if ((options.print_classpath || options.print_command) && command->jars.empty()) {
    return refuse_obstacle(config, *command);
  }
  if (options.print_classpath) {
    std::puts(command->classpath.c_str());
  } else if (options.print_properties) {
    std::fputs(launch::format_properties(command->properties).c_str(), stdout);
  } else if (options.print_command) {
    // The line is there to be run, so what it names has to exist.
    if (const auto written = launch::write_properties(*command); !written) return fail(written.error(), exit_stopped);
    std::puts(launch::quote_for_shell(command->arguments).c_str());
  } else {
    return start_daemon(config, findings, variables, *command, overrides);
  }
  return exit_done;
}

}  // namespace

int refuse_obstacle(const config::Config& config, const launch::Command& command, const std::string& prefix) {
  const auto obstacle = launch::find_obstacle(config, command);
  if (!obstacle) return exit_done;
  return fail(prefix + obstacle->message, command.jars.empty() ? exit_usage : exit_stopped);
}

Result<std::optional<observe::LogFile>> open_log_file(const config::Log& config) {
  if (config.file.empty()) return std::optional<observe::LogFile>();
  auto file = observe::LogFile::open(config.file, config.rotate.size, config.rotate.keep);
  if (!file) return Error{file.error()};
  return std::optional<observe::LogFile>(std::move(*file));
}

Result<Reach> open_reach(const config::Config& config, const launch::ServiceVariables& variables,
                         const std::filesystem::path& directory, launch::Outputs& outputs) {
  Reach reach;
  auto hub = hub::Hub::open(directory);
  if (!hub) return Error{hub.error()};
  reach.hub = std::move(*hub);
  if (config.metrics.listen) {
    auto opened = launch::WebServer::open(config.metrics, launch::own_executable());
    if (!opened) return Error{opened.error()};
    reach.web = std::move(*opened);
  }
  auto manager = launch::ServiceManager::open(
      {launch::own_executable(), config.file, config.metrics.stalled_after, config.stream}, variables);
  if (!manager) outputs.say(config::LogLevel::warn, manager.error());
  if (manager) reach.manager = std::move(*manager);
  return reach;
}

launch::Overrides overrides_of(const LaunchOptions& options) {
  launch::Overrides overrides;
  if (!options.java.empty()) overrides.java = options.java;
  if (!options.logback.empty()) overrides.logback = std::filesystem::absolute(options.logback);
  return overrides;
}

hub::LaunchState state_of_launch(const config::Config& config) {
  return {.version = KCLHOST_VERSION,
          .name = config.stream,
          .application = store::daemon_property(config, "applicationName"),
          .stream = store::stream_name(config),
          .worker = {},
          .metrics = {},
          .pid = ::getpid(),
          .started_ms = wall_clock_ms()};
}

void add_launch(CommandLine& program) {
  CommandLine command = program.add_command("launch", "Start the MultiLangDaemon and look after it");
  const auto options = std::make_shared<LaunchOptions>();
  add_configuration(command, options->config);
  command.add(
      {.names = "--java", .into = &options->java, .help = "The Java to use (over daemon.java)", .value = "PROGRAM"});
  command.add({.names = "--log-configuration",
               .into = &options->logback,
               .help = "The daemon's logback file (over daemon.logback)",
               .value = "FILE"});
  command.add_alternatives(
      "print", "Print instead of starting",
      {{.names = "--print-command",
        .into = &options->print_command,
        .help = "The command line; writes the properties it names"},
       {.names = "--print-classpath", .into = &options->print_classpath, .help = "Java's class path"},
       {.names = "--print-properties", .into = &options->print_properties, .help = "The daemon's properties"}});
  command.runs([options] {
    options->config.file = configuration(options->config.file);
    return start_or_print(*options);
  });
}

}  // namespace kclhost::host::cli
