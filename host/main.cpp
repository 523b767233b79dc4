#include <algorithm>
#include <exception>
#include <iterator>
#include <string>
#include <string_view>

#include "cli/cli.hpp"
#include "cli/output.hpp"
#include "cli/usage.hpp"
#include "kclhost_version.hpp"

namespace {

struct Command {
  std::string_view name;
  void (*add)(CLI::App& app, kclhost::host::cli::Action& action);
};

constexpr Command commands[] = {
    {"run", kclhost::host::cli::add_run},
    {"check", kclhost::host::cli::add_check},
    {"inspect", kclhost::host::cli::add_inspect},
    {"replay", kclhost::host::cli::add_replay},
    {"launch", kclhost::host::cli::add_launch},
    {"fetch-daemon", kclhost::host::cli::add_fetch_daemon},
    {"put", kclhost::host::cli::add_put},
    {"schema", kclhost::host::cli::add_schema},
    {"dead-letters", kclhost::host::cli::add_dead_letters},
};

// The exit code of a command that may have printed.
int finished(int code) {
  const auto error = kclhost::host::cli::finish_output();
  if (!error) return code;
  kclhost::host::cli::complain(error->message);
  return code == kclhost::host::cli::exit_done ? error->exit_code : code;
}

}  // namespace

int main(int argc, char** argv) try {
  using namespace kclhost::host::cli;
  const std::string_view asked = argc > 1 ? argv[1] : "";
  CLI::App app{"kclhost: runs compiled Kinesis record processors under the KCL's MultiLangDaemon", "kclhost"};
  app.set_version_flag("--version", std::string("kclhost ") + KCLHOST_VERSION);
  app.require_subcommand(1);
  Action action;
  // The daemon starts a process for each shard, so the command that is asked for is the only one built.
  const auto* const command =
      std::find_if(std::begin(commands), std::end(commands), [asked](const Command& one) { return one.name == asked; });
  for (const Command& one : commands) {
    if (command == std::end(commands) || &one == command) one.add(app, action);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return finished(app.exit(error));  // --help, --version
    const std::string unknown = unknown_argument(app, {argv + 1, static_cast<std::size_t>(argc - 1)});
    complain((unknown.empty() ? std::string(error.what()) : unknown) + "; see kclhost --help");
    return exit_usage;
  }
  const int code = action();
  // run's pipe to the daemon is its own, and what a plugin prints goes to standard error.
  return asked == "run" ? code : finished(code);
} catch (const std::exception& error) {
  kclhost::host::cli::complain(error.what());
  return kclhost::host::cli::exit_stopped;
}
