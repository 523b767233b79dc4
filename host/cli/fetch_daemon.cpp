#include "cli/cli.hpp"

namespace kclhost::cli {

void add_fetch_daemon(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("fetch-daemon", "not there yet");
  command->callback([&action] { action = [] { return static_cast<int>(exit_usage); }; });
}

}  // namespace kclhost::cli
