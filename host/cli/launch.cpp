#include <sys/wait.h>

#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <string>

#include "cli/cli.hpp"
#include "cli/configuration.hpp"
#include "config/config.hpp"
#include "launch/command.hpp"
#include "launch/files.hpp"
#include "launch/log_sink.hpp"
#include "launch/properties.hpp"
#include "launch/supervisor.hpp"

namespace kclhost::host::cli {
namespace {

struct Options {
  std::filesystem::path config;
  std::string java;
  std::string logback;
  bool print_command = false;
  bool print_classpath = false;
  bool print_properties = false;
};

int fail(const std::string& message, Exit code) {
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
  if (WIFSIGNALED(wait_status)) return std::string("was killed by SIG") + ::sigabbrev_np(WTERMSIG(wait_status));
  return "ended with exit status " + std::to_string(WEXITSTATUS(wait_status));
}

std::string describe_left_out(int wait_status) {
  const std::string what = "the KCL left out records that it had read; its log above says why. ";
  if (WIFSIGNALED(wait_status) && WTERMSIG(wait_status) == SIGKILL) {
    return what + "The daemon was killed before it checkpoints beyond them: started again, it reads them again";
  }
  return what + "The daemon was ending by then and may have checkpointed beyond them";
}

int start_daemon(const config::Config& config, const launch::Command& command) {
  if (const auto obstacle = launch::find_obstacle(config, command)) return fail(obstacle->message, exit_stopped);
  if (const auto written = launch::write_properties(command); !written) return fail(written.error(), exit_stopped);
  auto log = launch::LogSink::open(command.properties_file.parent_path());
  if (!log) return fail(log.error(), exit_stopped);

  launch::Job job;
  job.arguments = command.arguments;
  job.environment[launch::log_socket_variable] = log->path().string();
  job.linger = config.timeouts.shutdown + std::chrono::seconds{5};
  const auto outcome = launch::supervise(job, *log);
  if (!outcome) return fail(outcome.error(), exit_stopped);
  if (outcome->forced)
    return fail("the daemon and what it ran were killed: a second signal came before they had ended", exit_stopped);
  if (outcome->left_out) return fail(describe_left_out(outcome->wait_status), exit_stopped);
  const std::string end = describe(outcome->wait_status);
  if (!outcome->stop_requested) return fail("the daemon " + end + "; its log above says why", exit_stopped);
  if (!ended_in_order(outcome->wait_status)) {
    return fail("the daemon " + end + " while it was shutting down; its log above says why", exit_stopped);
  }
  return exit_done;
}

int act(const Options& options) {
  const std::filesystem::path file = configuration(options.config);
  if (file.empty()) return no_configuration();
  const config::Loaded loaded = config::load(file);
  for (const config::Problem& problem : loaded.problems) complain(problem.str());
  if (!loaded.problems.empty()) return exit_usage;

  launch::Overrides overrides;
  if (!options.java.empty()) overrides.java = options.java;
  if (!options.logback.empty()) overrides.logback = std::filesystem::absolute(options.logback);
  const auto command = launch::make_command(loaded.config, launch::own_executable(), overrides);
  if (!command) return fail(command.error(), exit_usage);

  if ((options.print_classpath || options.print_command) && command->jars.empty()) {
    return fail(launch::find_obstacle(loaded.config, *command)->message, exit_usage);
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
    return start_daemon(loaded.config, *command);
  }
  return exit_done;
}

}  // namespace

void add_launch(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("launch", "Start the MultiLangDaemon and look after it");
  const auto options = std::make_shared<Options>();
  add_configuration(*command, options->config);
  command->add_option("--java", options->java, "The Java to use (over daemon.java)")->type_name("PROGRAM");
  command->add_option("--log-configuration", options->logback, "The daemon's logback file (over daemon.logback)")
      ->type_name("FILE");
  CLI::Option_group* prints = command->add_option_group("print", "Print instead of starting");
  prints->add_flag("--print-command", options->print_command, "The command line; writes the properties it names");
  prints->add_flag("--print-classpath", options->print_classpath, "Java's class path");
  prints->add_flag("--print-properties", options->print_properties, "The daemon's properties");
  prints->require_option(0, 1);
  command->callback([&action, options] { action = [options] { return act(*options); }; });
}

}  // namespace kclhost::host::cli
