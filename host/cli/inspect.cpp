#include "cli/cli.hpp"

namespace kclhost::cli {

void add_inspect(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("inspect", "not there yet");
  command->callback([&action] { action = [] { return static_cast<int>(exit_usage); }; });
}

}  // namespace kclhost::cli
