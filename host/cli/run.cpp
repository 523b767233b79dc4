#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <thread>

#include "cli/cli.hpp"
#include "cli/configuration.hpp"
#include "config/config.hpp"
#include "observe/log.hpp"
#include "observe/replay_channel.hpp"
#include "run/host.hpp"
#include "support/exit_code.hpp"
#include "support/fd.hpp"
#include "worker/user.hpp"

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

// What the plugin starts inherits which signals are ignored and which are blocked, and kclhost may have been started
// with some of both: the Java machine blocks SIGQUIT, nohup ignores SIGHUP. (With isolation process the worker does
// more.) To this process a signal that was ignored still does nothing.
void give_children_ordinary_signals() {
  for (int signal = 1; signal < NSIG; ++signal) {
    struct sigaction action {};
    if (::sigaction(signal, nullptr, &action) != 0 || action.sa_handler != SIG_IGN) continue;
    action.sa_handler = [](int) {};
    action.sa_flags = SA_RESTART;
    ::sigaction(signal, &action, nullptr);
  }
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

// With the atexit handlers of a plugin in this process, which get that long.
[[noreturn]] void end_in_order(int exit_code, config::Milliseconds most) {
  try {
    std::thread([exit_code, most] {
      std::this_thread::sleep_for(most);
      ::_exit(exit_code);
    }).detach();
  } catch (const std::system_error&) {
    ::_exit(exit_code);  // no thread is to be had: nothing would end a handler that hangs
  }
  std::exit(exit_code);
}

int serve(const Source& source) {
  const auto found = load(source);
  if (!found) return exit_usage;
  const config::Loaded& loaded = *found;
  if (::isatty(STDIN_FILENO))
    complain("waiting for the daemon's messages on this terminal; kclhost replay plays the daemon");

  // A terminal or systemd signals the whole group, but it is the daemon that drives the shutdown, by message. And a
  // file that may not grow is an error to report, not an end. Handlers, because what the plugin starts would inherit
  // signals that are ignored.
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGXFSZ}) {
    struct sigaction action {};
    action.sa_handler = [](int) {};
    action.sa_flags = SA_RESTART;
    ::sigaction(signal, &action, nullptr);
  }
  if (loaded.config.isolation == config::Isolation::none) give_children_ordinary_signals();
  // A worker of the same user can't reach into this process then, nor open its descriptors.
  ::prctl(PR_SET_DUMPABLE, 0);
  auto user = worker::find_user(loaded.config.worker);
  if (!user) {
    complain(user.error());
    return exit_usage;
  }
  const Pipes pipes;
  if (!pipes.in || !pipes.out) {
    complain("standard input or output is closed; kclhost run is started by the daemon, kclhost replay plays it");
    return exit_usage;
  }
  observe::Log log(loaded.config.log);
  if (std::getenv(observe::replay_variable) == nullptr) log.use_file(loaded.config.log);
  int exit_code = exit_stopped;
  try {
    exit_code = run::Host(loaded.config, std::move(*user), log, pipes.in.get(), pipes.out.get()).run();
  } catch (const std::exception& error) {
    log.error(error.what());
    log.flush_for(std::chrono::milliseconds(1'000));
  }
  const bool in_order = loaded.config.worker.orderly_exit && loaded.config.isolation == config::Isolation::none;
  if (in_order) end_in_order(exit_code, loaded.config.timeouts.shutdown);
  // With isolation none the plugin's threads are still there, and may hold locks that an orderly end waits for.
  ::_exit(exit_code);
}

}  // namespace

void add_run(CommandLine& program) {
  CommandLine command = program.add_command("run", "Serve one shard: what the MultiLangDaemon executes");
  auto source = std::make_shared<Source>();
  add_configuration(command, *source);
  command.runs(with_configuration(source, serve));
}

}  // namespace kclhost::host::cli
