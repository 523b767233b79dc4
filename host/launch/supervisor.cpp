#include "launch/supervisor.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>

#include "launch/blocked_signals.hpp"
#include "launch/child_process.hpp"
#include "launch/cold_start.hpp"
#include "launch/daemon_log.hpp"
#include "launch/relay.hpp"
#include "support/event_loop.hpp"
#include "support/fd.hpp"
#include "support/second_thoughts.hpp"

namespace kclhost::host::launch {
namespace {

// How long the kernel may take over a SIGKILL before we leave without waiting.
constexpr std::chrono::seconds kill_grace{5};

class Supervisor {
 public:
  Supervisor(const Job& job, LogSink& log, Outputs& outputs)
      : job_(job), log_(log), outputs_(outputs), daemon_log_(outputs.config()), cold_start_(job.lease_interval) {}
  ~Supervisor() {
    if (job_.service_manager != nullptr) job_.service_manager->stop();
    if (job_.web != nullptr) job_.web->stop();
    if (job_.emf != nullptr) job_.emf->detach();
    if (job_.hub != nullptr) job_.hub->detach();
  }
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;
  Result<Outcome> run();

 private:
  std::optional<Error> start();
  [[noreturn]] void become_daemon(pid_t parent, int error_pipe) const;
  std::optional<Error> relay();
  void on_line(std::string_view line);
  void listen();
  void regulate();
  bool forward_log();
  void drain();
  void on_signal();
  void on_stop();
  void reap();
  void kill_everything() const;
  void tell_daemon(pid_t pid) const;
  void run_daemon();
  template <class Done>
  bool turn_until(Done done, Clock::time_point end);

  const Job& job_;
  LogSink& log_;
  Outputs& outputs_;
  bool listening_ = false;  // to the log
  DaemonLog daemon_log_;
  ColdStart cold_start_;
  EventLoop loop_;
  Outcome outcome_;
  pid_t daemon_ = -1;
  bool daemon_ended_ = false;
  bool childless_ = false;
  bool hurried_ = false;  // a signal has come when only the log's reader was waited for
  Clock::time_point first_stop_{};
  Fd signals_;
  std::vector<LineRelay> relays_;  // of the daemon's standard output and error
};

// Between fork and exec. Allocates, which is fine in a child of a process with one thread.
void Supervisor::become_daemon(pid_t parent, int error_pipe) const {
  begin_program(parent, relays_[0].writer(), relays_[1].writer());
  if (job_.keep_open >= 0) ::fcntl(job_.keep_open, F_SETFD, 0);
  for (const auto& [name, value] : job_.environment) ::setenv(name.c_str(), value.c_str(), 1);
  const std::vector<char*> arguments = argument_vector(job_.arguments);
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
  for (LineRelay& output : relays_) output.close_writer();
  int error = 0;
  ssize_t got;
  do {
    got = ::read(reader.get(), &error, sizeof error);
  } while (got < 0 && errno == EINTR);
  if (got == 0) return std::nullopt;  // closed by exec
  ::waitpid(daemon_, nullptr, 0);
  return Error{job_.arguments.front() + ": cannot be started: " + std::strerror(error)};
}

std::optional<Error> Supervisor::relay() {
  auto opened = LineRelay::open([this](std::string_view line) {
    on_line(line.ends_with('\n') ? line.substr(0, line.size() - 1) : line);
    return true;
  });
  if (!opened) return Error{opened.error()};
  relays_.push_back(std::move(*opened));
  return std::nullopt;
}

void Supervisor::on_line(std::string_view line) {
  const auto [sign, event] = daemon_log_.take(line);
  if (!event.empty()) outputs_.write(event);
  if (const std::string told = cold_start_.line_for(sign, Clock::now()); !told.empty())
    outputs_.say(config::LogLevel::info, told);
  if (sign == Sign::gave_up) outcome_.gave_up = true;
  if (sign != Sign::left_out || outcome_.left_out) return;
  outcome_.left_out = true;
  // Not SIGTERM: shutting down in order, each shard would checkpoint what it got after the gap.
  if (!daemon_ended_) ::kill(daemon_, SIGKILL);
}

bool Supervisor::forward_log() {
  return log_.forward([this](std::string_view line) { outputs_.write(line); }, 1);
}

// Begins to read what the daemon and its children write.
void Supervisor::listen() {
  for (LineRelay& output : relays_) {
    loop_.add(output.fd(), [this, &output] {
      if (!output.forward() && output.ended()) loop_.remove(output.fd());
      regulate();
    });
  }
  regulate();
}

// While our own reader is slow, what the hosts write waits in their socket. What the daemon writes does not: a sign in
// it is to be seen before a checkpoint.
void Supervisor::regulate() {
  if (outputs_.held_back() != listening_) return;
  listening_ = !listening_;
  if (!listening_) return loop_.remove(log_.fd());
  loop_.add(log_.fd(), [this] {
    forward_log();
    regulate();
  });
}

// What was written by now; the end of the pipe may never come, when a process left behind holds it.
void Supervisor::drain() {
  for (LineRelay& output : relays_) {
    while (output.forward()) {
    }
  }
  if (job_.emf != nullptr) job_.emf->write();
  const auto all_is_said = [this] {
    while (!outputs_.held_back() && forward_log()) {
    }
    return hurried_ || !outputs_.is_read();
  };
  turn_until(all_is_said, Clock::now() + Outputs::longest_end);
  while (forward_log()) {
  }
  outputs_.drop_waiting();
}

void Supervisor::on_stop() {
  const auto now = Clock::now();
  const bool again = now - first_stop_ >= second_thoughts;
  if (childless_) {
    hurried_ |= again;
  } else if (!outcome_.stop_requested) {
    outcome_.stop_requested = true;
    if (job_.state != nullptr) job_.state->stopping = true;
    if (job_.on_state) job_.on_state();
    first_stop_ = now;
    if (job_.service_manager != nullptr && !daemon_ended_) job_.service_manager->stopping();
    if (!daemon_ended_) ::kill(daemon_, SIGTERM);
  } else if (again) {
    outcome_.forced = true;
    if (job_.web != nullptr) job_.web->stop();  // it is killed with the others, which is no trouble of its own
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
    case SIGHUP:  // it may be that whoever started us has left
      if (job_.on_hangup) job_.on_hangup();
      if (job_.service_manager != nullptr && !daemon_ended_ && !outcome_.stop_requested) job_.service_manager->reload();
      break;
    default:
      on_stop();
  }
}

void Supervisor::reap() {
  int status;
  pid_t pid;
  while ((pid = ::waitpid(-1, &status, WNOHANG)) > 0) {
    if (job_.web != nullptr && job_.web->ended(pid, status)) continue;
    if (job_.service_manager != nullptr && job_.service_manager->ended(pid)) continue;
    if (pid != daemon_) continue;
    daemon_ended_ = true;
    outcome_.wait_status = status;
  }
  childless_ = pid < 0 && errno == ECHILD;
}

// The group, and what has left it: being a subreaper, we are the parent of every orphan below us.
void Supervisor::kill_everything() const {
  ::kill(-daemon_, SIGKILL);
  kill_children();
}

// Turns the loop, and does what is due meanwhile, until `done()` (true) or `end` (false).
template <class Done>
bool Supervisor::turn_until(Done done, Clock::time_point end) {
  const auto due = [this] {
    auto next = Clock::time_point::max();
    if (job_.web != nullptr) next = std::min(next, job_.web->deadline());
    if (job_.service_manager != nullptr) next = std::min(next, job_.service_manager->deadline());
    return next;
  };
  const auto on_time = [this] {
    if (job_.web != nullptr && !daemon_ended_) job_.web->on_time(Clock::now());
    if (job_.service_manager != nullptr) job_.service_manager->on_time(Clock::now());
  };
  return loop_.run_until(done, end, due, on_time);
}

void Supervisor::tell_daemon(pid_t pid) const {
  if (job_.state != nullptr) job_.state->daemon_pid = pid;
  if (job_.on_state) job_.on_state();
}

void Supervisor::run_daemon() {
  tell_daemon(daemon_);
  if (job_.hub != nullptr) {
    job_.hub->attach(loop_);
    if (job_.emf != nullptr) job_.emf->attach(loop_);
    if (job_.web != nullptr) job_.web->start(job_.hub->path(), outputs_);
    if (job_.service_manager != nullptr) job_.service_manager->daemon_runs(*job_.hub, loop_);
  }
  turn_until([this] { return daemon_ended_; }, Clock::time_point::max());
  tell_daemon(0);
  // They would keep us from being alone.
  if (job_.web != nullptr) job_.web->stop();
  if (job_.service_manager == nullptr) return;
  if (!outcome_.stop_requested) job_.service_manager->stopping();
  job_.service_manager->stop();
}

Result<Outcome> Supervisor::run() {
  const sigset_t set = block_signals();
  signals_.reset(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals_) return Error{std::string("signalfd: ") + std::strerror(errno)};
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  for (int i = 0; i < 2; ++i) {
    if (auto error = relay()) return *error;
  }
  if (auto error = start()) return *error;
  loop_.add(signals_.get(), [this] { on_signal(); });
  listen();
  loop_.add(outputs_.fd(), [this] {
    outputs_.flush();
    regulate();
  });

  run_daemon();
  // Host processes see their input end and finish by themselves. As PID 1 we must not leave before them.
  const auto alone = [this] { return childless_; };
  const auto linger = outcome_.forced ? std::chrono::milliseconds{0} : job_.linger;
  if (!turn_until([this] { return childless_ || outcome_.forced; }, Clock::now() + linger) || outcome_.forced) {
    const std::string told = outcome_.forced ? std::string() : tell_of_killing("the daemon", job_.linger);
    if (!told.empty()) outputs_.say(config::LogLevel::warn, told);
    const auto deadline = Clock::now() + kill_grace;
    // Killing one process can orphan another.
    while (!childless_ && Clock::now() < deadline) {
      kill_everything();
      turn_until(alone, Clock::now() + std::chrono::milliseconds{50});
    }
  }
  drain();
  return outcome_;
}

}  // namespace

Result<Outcome> supervise(const Job& job, LogSink& log, Outputs& outputs) {
  return Supervisor(job, log, outputs).run();
}

}  // namespace kclhost::host::launch
