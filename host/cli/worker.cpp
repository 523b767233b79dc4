#include "processor/worker_main.hpp"

#include "cli/cli.hpp"

namespace kclhost::cli {

void add_worker(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("worker", "Internal: holds a plugin for kclhost run")->group("");
  command->callback([&action] { action = [] { return processor::worker_main(); }; });
}

}  // namespace kclhost::cli
