// The subcommands. Each add_* declares one on the program's parser; parsing then sets `action` to what it should do.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace kclhost::host::cli {

// What main returns; see "Exit codes" in the README.
enum Exit : int {
  exit_done = 0,
  exit_stopped = 1,      // by policy, or a failed check
  exit_usage = 2,        // bad usage, configuration or input
  exit_plugin = 3,       // the plugin cannot be loaded
  exit_broken_pipe = 4,  // the other side of a pipe went away mid-message
};

using Action = std::function<int()>;

void add_run(CLI::App& app, Action& action);
void add_check(CLI::App& app, Action& action);
void add_inspect(CLI::App& app, Action& action);
void add_replay(CLI::App& app, Action& action);
void add_launch(CLI::App& app, Action& action);
void add_fetch_daemon(CLI::App& app, Action& action);
void add_import(CLI::App& app, Action& action);
void add_put(CLI::App& app, Action& action);
void add_schema(CLI::App& app, Action& action);
void add_dead_letters(CLI::App& app, Action& action);

// Prints "kclhost: message" on standard error, one line.
void complain(const std::string& message);

}  // namespace kclhost::host::cli
