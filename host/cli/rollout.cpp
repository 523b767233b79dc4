#include "cli/configuration.hpp"
#include "cli/rollout_desk.hpp"
#include "support/exit_code.hpp"

namespace kclhost::host::cli {
namespace {

Command steering(int (*command)(const rollouts::Options&), std::shared_ptr<rollouts::Options> options) {
  return [command, options] {
    try {
      options->config.file = configuration(options->config.file);
      return options->config.file.empty() ? no_configuration() : command(*options);
    } catch (const rollouts::Failure& failure) {
      if (!failure.message.empty()) complain(failure.message);
      return failure.exit_code;
    }
  };
}

// For each of the streams where none is named; the first exit code that is not 0.
int look_at_each(const rollouts::Options& options) {
  int exit_code = exit_done;
  for (const std::string& stream : streams_of(options.config)) {
    rollouts::Options one = options;
    if (options.config.stream.empty()) one.prefix = prefix_of(stream);
    one.config.stream = stream;
    int code = exit_done;
    try {
      code = rollouts::look(one);
    } catch (const rollouts::Failure& failure) {
      if (!failure.message.empty()) complain(one.prefix + failure.message);
      code = failure.exit_code;
    }
    if (exit_code == exit_done) exit_code = code;
  }
  return exit_code;
}

}  // namespace

void add_rollout(CommandLine& program) {
  CommandLine rollout = program.add_command("rollout", "See and steer which release of the plugin runs");
  const auto add = [&rollout](const char* name, const char* help, int (*command)(const rollouts::Options&)) {
    const auto options = std::make_shared<rollouts::Options>();
    CommandLine sub = rollout.add_command(name, help);
    add_configuration(sub, options->config);
    sub.add({.names = "--json", .into = &options->json, .help = "Print JSON"});
    sub.runs(steering(command, options));
    return std::pair(sub, options);
  };
  using Added = std::pair<CommandLine, std::shared_ptr<rollouts::Options>>;
  const auto add_timeout = [](Added command) {
    const auto& options = command.second;
    command.first.add({.names = "--timeout",
                       .into = &options->timeout,
                       .help = "How long to wait for the shards, in seconds (default: 60)",
                       .value = "SECONDS",
                       .least = Least::zero});
  };
  const auto add_to = [&add_timeout](Added command, const char* help) {
    command.first.add(
        {.names = "--to", .into = &command.second->to, .help = help, .value = "N", .least = Least::above_zero});
    add_timeout(command);
  };
  auto [status, options] =
      add("status", "Show what runs, and the trial; ends with 0, 1 if the newest trial was undone, 5 while one goes on",
          rollouts::status);
  status.add(
      {.names = "--watch", .into = &options->watch, .help = "Until the trial is over, whenever something changes"});
  add("history", "Show what has happened", rollouts::history);
  add_timeout(add("look", "Have the shards look for a new release, and wait for what they decide", look_at_each));
  add_to(add("undo", "End the trial, or go back to the release that ran before, on every shard", rollouts::undo),
         "Go to this release");
  add("pause", "Hold the trial at its step; what would undo it still does", rollouts::pause);
  add("resume", "Let the trial go on", rollouts::resume);
  add_to(add("promote", "End the trial: every shard runs its release from now on", rollouts::promote),
         "Run this release, also one that was refused or undone");
}

}  // namespace kclhost::host::cli
