#include <algorithm>
#include <exception>
#include <iterator>
#include <string>
#include <string_view>

#include "cli/cli.hpp"
#include "kclhost_version.hpp"

namespace {

struct Command {
  std::string_view name;
  void (*add)(CLI::App& app, kclhost::host::cli::Action& action);
};

// clang-format off
constexpr Command commands[] = {
    {"run", kclhost::host::cli::add_run},
    {"check", kclhost::host::cli::add_check},
    {"inspect", kclhost::host::cli::add_inspect},
    {"replay", kclhost::host::cli::add_replay},
    {"launch", kclhost::host::cli::add_launch},
    {"fetch-daemon", kclhost::host::cli::add_fetch_daemon},
    {"import", kclhost::host::cli::add_import},
    {"put", kclhost::host::cli::add_put},
    {"schema", kclhost::host::cli::add_schema},
    {"dead-letters", kclhost::host::cli::add_dead_letters},
};
// clang-format on

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
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    complain(std::string(error.what()) + "; see kclhost --help");
    return exit_usage;
  }
  return action();
} catch (const std::exception& error) {
  kclhost::host::cli::complain(error.what());
  return kclhost::host::cli::exit_stopped;
}
