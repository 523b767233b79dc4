#include "daemon/supervisor.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>

#include "support/event_loop.hpp"
#include "support/fd.hpp"

namespace kclhost::daemon {
namespace {

// Ctrl-C, timeout(1) and some service managers signal twice in the same breath: that is one request.
constexpr std::chrono::seconds second_thoughts{1};
// How long the kernel may take over a SIGKILL before we leave without waiting.
constexpr std::chrono::seconds kill_grace{5};

sigset_t handled_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGCHLD}) sigaddset(&set, number);
  return set;
}

// Blocks what the supervisor reads from a descriptor, for as long as it lives.
class BlockedSignals {
 public:
  BlockedSignals() {
    const sigset_t set = handled_signals();
    ::sigprocmask(SIG_BLOCK, &set, &before_);
    struct sigaction ignore {};
    ignore.sa_handler = SIG_IGN;
    ::sigaction(SIGPIPE, &ignore, &before_pipe_);  // a log nobody reads is no reason to end
  }
  ~BlockedSignals() {
    ::sigaction(SIGPIPE, &before_pipe_, nullptr);
    ::sigprocmask(SIG_SETMASK, &before_, nullptr);
  }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

 private:
  sigset_t before_;
  struct sigaction before_pipe_;
};

class Supervisor {
 public:
  Supervisor(const Job& job, LogSink& log) : job_(job), log_(log) {}
  Result<Outcome> run();

 private:
  std::optional<Error> start();
  [[noreturn]] void become_daemon(pid_t parent, int error_pipe) const;
  void on_signal();
  void on_stop();
  void reap();
  void kill_everything() const;

  const Job& job_;
  LogSink& log_;
  EventLoop loop_;
  Outcome outcome_;
  pid_t daemon_ = -1;
  bool daemon_ended_ = false;
  bool childless_ = false;
  Clock::time_point first_stop_;
  Fd signals_;
};

// Between fork and exec. Allocates, which is fine in a child of a process with one thread.
void Supervisor::become_daemon(pid_t parent, int error_pipe) const {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(1);
  ::signal(SIGPIPE, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  const int null = ::open("/dev/null", O_RDONLY);
  if (null > STDIN_FILENO) ::dup2(null, STDIN_FILENO), ::close(null);
  for (const auto& [name, value] : job_.environment) ::setenv(name.c_str(), value.c_str(), 1);
  std::vector<char*> arguments;
  arguments.reserve(job_.arguments.size() + 1);
  for (const std::string& argument : job_.arguments) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  ::execvp(arguments.front(), arguments.data());
  const int error = errno;
  [[maybe_unused]] const ssize_t told = ::write(error_pipe, &error, sizeof error);
  ::_exit(127);
}

std::optional<Error> Supervisor::start() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return Error{std::string("pipe: ") + std::strerror(errno)};
  const Fd reader(ends[0]);
  Fd writer(ends[1]);
  const pid_t self = ::getpid();
  daemon_ = ::fork();
  if (daemon_ < 0) return Error{std::string("cannot start another process: ") + std::strerror(errno)};
  if (daemon_ == 0) become_daemon(self, writer.get());
  ::setpgid(daemon_, daemon_);  // whichever of the two comes first
  writer.reset();
  int error = 0;
  ssize_t got;
  do {
    got = ::read(reader.get(), &error, sizeof error);
  } while (got < 0 && errno == EINTR);
  if (got == 0) return std::nullopt;  // closed by exec
  ::waitpid(daemon_, nullptr, 0);
  return Error{job_.arguments.front() + ": cannot be started: " + std::strerror(error)};
}

void Supervisor::on_stop() {
  const auto now = Clock::now();
  if (!outcome_.stop_requested) {
    outcome_.stop_requested = true;
    first_stop_ = now;
    if (!daemon_ended_) ::kill(daemon_, SIGTERM);
  } else if (now - first_stop_ >= second_thoughts) {
    outcome_.forced = true;
    kill_everything();
  }
}

void Supervisor::on_signal() {
  signalfd_siginfo info;
  if (::read(signals_.get(), &info, sizeof info) != sizeof info) return;
  switch (info.ssi_signo) {
    case SIGCHLD:
      reap();
      break;
    case SIGQUIT:
      if (!daemon_ended_) ::kill(daemon_, SIGQUIT);
      break;
    default:
      on_stop();
  }
}

void Supervisor::reap() {
  int status;
  pid_t pid;
  while ((pid = ::waitpid(-1, &status, WNOHANG)) > 0) {
    if (pid != daemon_) continue;
    daemon_ended_ = true;
    outcome_.wait_status = status;
  }
  childless_ = pid < 0 && errno == ECHILD;
}

// The group, and what has left it: being a subreaper, we are the parent of every orphan below us.
void Supervisor::kill_everything() const {
  ::kill(-daemon_, SIGKILL);
  const std::string self = std::to_string(::getpid());
  std::ifstream children("/proc/self/task/" + self + "/children");
  for (pid_t child; children >> child;) ::kill(child, SIGKILL);
}

Result<Outcome> Supervisor::run() {
  const BlockedSignals blocked;
  const sigset_t set = handled_signals();
  signals_.reset(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals_) return Error{std::string("signalfd: ") + std::strerror(errno)};
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  if (auto error = start()) return *error;
  loop_.add(signals_.get(), [this] { on_signal(); });
  loop_.add(log_.fd(), [this] { log_.forward(STDERR_FILENO); });

  loop_.run_until([this] { return daemon_ended_; });
  // Host processes see their input end and finish by themselves. As PID 1 we must not leave before them.
  const auto alone = [this] { return childless_; };
  const auto linger = outcome_.forced ? std::chrono::milliseconds{0} : job_.linger;
  if (!loop_.run_until([this] { return childless_ || outcome_.forced; }, Clock::now() + linger) || outcome_.forced) {
    const auto deadline = Clock::now() + kill_grace;
    // Killing one process can orphan another.
    while (!childless_ && Clock::now() < deadline) {
      kill_everything();
      loop_.run_until(alone, Clock::now() + std::chrono::milliseconds{50});
    }
  }
  while (log_.forward(STDERR_FILENO)) {
  }
  return outcome_;
}

}  // namespace

Result<Outcome> supervise(const Job& job, LogSink& log) {
  return Supervisor(job, log).run();
}

}  // namespace kclhost::daemon
