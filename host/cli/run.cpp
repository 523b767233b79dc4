#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "cli/cli.hpp"
#include "cli/configuration.hpp"
#include "config/config.hpp"
#include "observe/log.hpp"
#include "session/session.hpp"
#include "session/stop.hpp"
#include "support/fd.hpp"

namespace kclhost::host::cli {
namespace {

// Takes the daemon's pipes away from the descriptors that everybody knows: what a plugin or a library prints goes to
// standard error, and closing the low descriptors (isolation none) does not cut the line.
struct Pipes {
  static constexpr int lowest = 100;

  Pipes() : in(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, lowest)), out(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, lowest)) {
    const Fd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    ::dup2(nothing.get(), STDIN_FILENO);
    ::dup2(STDERR_FILENO, STDOUT_FILENO);
  }

  Fd in, out;
};

int run(const std::filesystem::path& file) {
  const config::Loaded loaded = config::load(file);
  for (const config::Problem& problem : loaded.problems) complain(problem.str());
  if (!loaded.problems.empty()) return exit_usage;
  if (::isatty(STDIN_FILENO))
    complain("waiting for the daemon's messages on this terminal; kclhost replay plays the daemon");

  // A terminal or systemd signals the whole group, but it is the daemon that drives the shutdown, by message.
  // And a file that may not grow is an error to report, not an end.
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGXFSZ}) ::signal(signal, SIG_IGN);
  const Pipes pipes;
  if (!pipes.in || !pipes.out) {
    complain("standard input or output is closed; kclhost run is started by the daemon, kclhost replay plays it");
    return exit_usage;
  }
  observe::Log log(loaded.config.log);
  try {
    session::Session session(loaded.config, log, pipes.in.get(), pipes.out.get());
    session.run();
    return exit_done;
  } catch (const session::Stop& stop) {
    log.error(stop.what());
    return stop.exit_code();
  }
}

}  // namespace

void add_run(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("run", "Serve one shard: what the MultiLangDaemon executes");
  auto file = std::make_shared<std::filesystem::path>();
  add_configuration(*command, *file);
  command->callback([&action, file] { action = with_configuration(file, run); });
}

}  // namespace kclhost::host::cli
