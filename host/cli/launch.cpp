#include "cli/cli.hpp"

namespace kclhost::cli {

void add_launch(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("launch", "not there yet");
  command->callback([&action] { action = [] { return static_cast<int>(exit_usage); }; });
}

}  // namespace kclhost::cli
