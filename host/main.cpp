#include <signal.h>

#include <algorithm>
#include <exception>
#include <iterator>
#include <string_view>

#include "cli/cli.hpp"
#include "kclhost_version.hpp"
#include "support/exit_code.hpp"

namespace {

struct Declaration {
  std::string_view name;
  void (*add)(kclhost::host::cli::CommandLine& program);
};

// clang-format off
constexpr Declaration commands[] = {
    {"run", kclhost::host::cli::add_run},
    {"check", kclhost::host::cli::add_check},
    {"inspect", kclhost::host::cli::add_inspect},
    {"conformance", kclhost::host::cli::add_conformance},
    {"replay", kclhost::host::cli::add_replay},
    {"launch", kclhost::host::cli::add_launch},
    {"status", kclhost::host::cli::add_status},
    {"doctor", kclhost::host::cli::add_doctor},
    {"iam", kclhost::host::cli::add_iam},
    {"fetch-daemon", kclhost::host::cli::add_fetch_daemon},
    {"import", kclhost::host::cli::add_import},
    {"new", kclhost::host::cli::add_new},
    {"put", kclhost::host::cli::add_put},
    {"schema", kclhost::host::cli::add_schema},
    {"dead-letters", kclhost::host::cli::add_dead_letters},
    {"rollout", kclhost::host::cli::add_rollout},
};
// clang-format on

}  // namespace

int main(int argc, char** argv) try {
  using namespace kclhost::host::cli;
  // Whoever started us may ignore it, which is inherited, and then nobody is told how a child ended.
  ::signal(SIGCHLD, SIG_DFL);
  const std::string_view asked = argc > 1 ? argv[1] : "";
  ProgramCommandLine program(
      "kclhost", "kclhost: runs compiled Kinesis record processors under the KCL's MultiLangDaemon", KCLHOST_VERSION);
  // The daemon starts a process for each shard, so the command that is asked for is the only one built.
  const auto* const command = std::find_if(std::begin(commands), std::end(commands),
                                           [asked](const Declaration& one) { return one.name == asked; });
  for (const Declaration& one : commands) {
    if (command == std::end(commands) || &one == command) one.add(program);
  }
  return program.run(argc, argv);
} catch (const std::exception& error) {
  kclhost::host::cli::complain(error.what());
  return kclhost::host::exit_stopped;
}
