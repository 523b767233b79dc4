// kclhost launch, where the configuration has several streams.
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "cli/cli.hpp"
#include "cli/findings.hpp"
#include "cli/launch.hpp"
#include "kclhost_version.hpp"
#include "launch/files.hpp"
#include "launch/streams.hpp"
#include "support/exit_code.hpp"
#include "support/wall_clock.hpp"

namespace kclhost::host::cli {
namespace {

// What a stream's launch would refuse to start with; exit_done: nothing.
int refuse(const config::Loaded& loaded, const LaunchOptions& options) {
  const std::string prefix = prefix_of(loaded.config.stream);
  const Findings findings = find_problems(loaded);
  for (const config::Problem& problem : findings.problems) complain(prefix + problem.str());
  if (!findings.problems.empty()) return findings.exit_code;
  const auto command = launch::make_command(loaded.config, launch::own_executable(), overrides_of(options));
  if (!command) return complain(prefix + command.error()), exit_usage;
  return refuse_obstacle(loaded.config, *command, prefix);
}

std::vector<std::string> command_of(const LaunchOptions& options, const config::Config& config) {
  std::vector<std::string> command{
      launch::own_executable().string(), "launch", "--config", config.file.string(), "--stream", config.stream};
  if (!options.java.empty()) command.insert(command.end(), {"--java", options.java});
  if (!options.logback.empty())
    command.insert(command.end(), {"--log-configuration", std::filesystem::absolute(options.logback).string()});
  return command;
}

int look_after(const LaunchOptions& options, const launch::ServiceVariables& variables,
               const std::vector<config::Config>& streams) {
  const auto fail = [](const std::string& message) { return complain(message), exit_stopped; };
  config::Config shared = streams.front();  // log, metrics and state_dir are all streams'
  shared.stream.clear();
  shared.log.stream.clear();
  const auto directory = launch::make_private_directory(shared.state_dir / "run");
  if (!directory) return fail(directory.error() + "; set state_dir to one that can be");
  auto log_file = open_log_file(shared.log);
  if (!log_file) return fail(log_file.error());
  launch::Outputs outputs(shared.log, std::move(*log_file));
  auto reach = open_reach(shared, variables, *directory, outputs);
  if (!reach) return fail(reach.error());
  hub::Hub& hub = *reach->hub;
  hub::LaunchState& own = hub.launch();
  own.version = KCLHOST_VERSION;
  own.metrics = reach->web ? reach->web->address() : "";
  own.pid = ::getpid();
  own.started_ms = wall_clock_ms();
  launch::StreamsJob job{.commands = {}, .hub = hub};
  std::string names;
  for (const config::Config& stream : streams) {
    hub.streams().push_back(state_of_launch(stream));
    job.commands.push_back(command_of(options, stream));
    job.linger = std::max<std::chrono::milliseconds>(job.linger, stream.timeouts.shutdown + std::chrono::seconds{5});
    names += (names.empty() ? "" : ", ") + stream.stream;
  }
  std::optional<launch::EmfLog> emf;
  if (shared.metrics.emf) job.emf = &emf.emplace(shared.metrics, hub, outputs);
  if (reach->web) job.web = &*reach->web;
  if (reach->manager) job.service_manager = &*reach->manager;
  outputs.say(config::LogLevel::info, std::string("kclhost ") + KCLHOST_VERSION + " starts a launch for each of " +
                                          std::to_string(streams.size()) + " streams: " + names + "; configuration " +
                                          shared.file.string());
  const auto ended = launch::look_after_streams(job, outputs);
  if (!ended) return outputs.complain(ended.error()), exit_stopped;
  return *ended ? exit_done : exit_stopped;
}

}  // namespace

int launch_streams(const LaunchOptions& options, const launch::ServiceVariables& variables,
                   const std::vector<std::string>& streams) {
  std::vector<config::Config> configs;
  int exit_code = exit_done;
  for (const std::string& stream : streams) {
    config::Loaded loaded = config::load(options.config.file, stream);
    if (const int code = refuse(loaded, options); exit_code == exit_done) exit_code = code;
    configs.push_back(std::move(loaded.config));
  }
  return exit_code == exit_done ? look_after(options, variables, configs) : exit_code;
}

}  // namespace kclhost::host::cli
