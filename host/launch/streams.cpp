#include "launch/streams.hpp"

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "launch/blocked_signals.hpp"
#include "launch/child_process.hpp"
#include "launch/daemon_line.hpp"
#include "launch/parent.hpp"
#include "launch/relay.hpp"
#include "support/event_loop.hpp"
#include "support/fd.hpp"
#include "support/second_thoughts.hpp"
#include "support/wall_clock.hpp"

namespace kclhost::host::launch {
namespace {

constexpr std::chrono::seconds grace_for_killed{5};
constexpr std::string_view complaint = "kclhost: ";
constexpr std::string_view killed_at_once =
    "the processes that a launch left behind were killed: a second signal came before they had ended";

class Streams {
 public:
  Streams(const StreamsJob& job, Outputs& outputs) : job_(job), outputs_(outputs) {}
  ~Streams();
  Streams(const Streams&) = delete;
  Streams& operator=(const Streams&) = delete;
  Result<bool> run();

 private:
  struct Child {
    const std::vector<std::string>& command;
    hub::LaunchState& state;
    pid_t pid = -1;
    std::optional<LineRelay> output;
    Clock::time_point started_at{}, start_at = Clock::time_point::max();
    RestartPauses pauses{};
    bool seen = false;  // it had a daemon, or has ended
  };

  void start(Child& child);
  [[noreturn]] void become(const Child& child, pid_t parent) const;
  void ended(Child& child, int status);
  void pass(const Child& child, std::string_view line);
  void read_output(Child& child);
  void listen(bool on);
  void regulate();
  void on_signal();
  void send_all(int signal) const;
  void reap();
  void on_time();
  Clock::time_point deadline() const;
  bool all_ended() const;
  void end_orphans();
  void drain();
  template <class Done>
  bool turn_until(Done done, Clock::time_point end);

  const StreamsJob& job_;
  Outputs& outputs_;
  EventLoop loop_;
  Fd signals_;
  std::vector<std::unique_ptr<Child>> children_;
  bool listening_ = true, draining_ = false;
  bool stopping_ = false, in_order_ = true, ready_ = false, childless_ = false;
  bool hurried_ = false;  // by a signal after the first
  Clock::time_point first_stop_{};
};

Streams::~Streams() {
  if (job_.service_manager != nullptr) job_.service_manager->stop();
  if (job_.web != nullptr) job_.web->stop();
  if (job_.emf != nullptr) job_.emf->detach();
  job_.hub.detach();
}

// ---- One launch

void Streams::become(const Child& child, pid_t parent) const {
  begin_program(parent, child.output->writer(), child.output->writer());
  ::setenv(parent_variable, job_.hub.path().c_str(), 1);
  const std::vector<char*> arguments = argument_vector(child.command);
  ::execv(arguments.front(), arguments.data());
  ::_exit(127);
}

void Streams::start(Child& child) {
  child.start_at = Clock::time_point::max();
  child.started_at = Clock::now();
  auto output = LineRelay::open([this, &child](std::string_view line) {
    pass(child, line);
    return draining_ || !outputs_.held_back();
  });
  const pid_t self = ::getpid();
  std::string why = output ? std::string() : output.error();
  if (output) {
    child.output.emplace(std::move(*output));
    child.pid = ::fork();
    if (child.pid == 0) become(child, self);
    if (child.pid < 0) why = std::strerror(errno);
  }
  if (!why.empty()) {
    child.output.reset();
    child.start_at = Clock::now() + pause_without_process;
    return outputs_.say(config::LogLevel::warn, "its launch can't be started, which is tried again: " + why,
                        child.state.name);
  }
  ::setpgid(child.pid, child.pid);  // whichever of the two comes first
  child.output->close_writer();
  child.state.pid = child.pid;
  child.state.started_ms = wall_clock_ms();
  if (listening_) read_output(child);
}

void Streams::ended(Child& child, int status) {
  if (listening_) loop_.remove(child.output->fd());
  draining_ = true;
  while (child.output->forward()) {
  }
  draining_ = false;
  child.output.reset();
  child.pid = -1;
  child.seen = true;
  child.state.daemon_pid = 0;
  if (stopping_) {
    // Our SIGTERM kills a launch alone that has only just been started, and runs nothing yet.
    if (status == 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM)) return;
    in_order_ = false;
    return outputs_.say(config::LogLevel::warn, "its launch " + describe_end(status) + " while it was shutting down",
                        child.state.name);
  }
  const auto pause = child.pauses.after(Clock::now() - child.started_at);
  child.start_at = Clock::now() + pause;
  outputs_.say(config::LogLevel::warn,
               "its launch " + describe_end(status) + ", and is started again in " + std::to_string(pause.count()) +
                   " s; the other streams go on",
               child.state.name);
}

// A line of its log is one of ours. What it says before it has one, or a library prints, becomes one.
void Streams::pass(const Child& child, std::string_view line) {
  const std::string_view text = line.substr(0, line.find('\n'));
  const bool json = outputs_.config().format == config::LogFormat::json;
  if (json ? text.starts_with('{') : is_host_line(text)) return outputs_.write(std::string(text) + '\n');
  if (text.empty()) return;
  const bool complains = text.starts_with(complaint);
  outputs_.say(complains ? config::LogLevel::error : config::LogLevel::info,
               complains ? text.substr(complaint.size()) : text, child.state.name);
}

void Streams::read_output(Child& child) {
  loop_.add(child.output->fd(), [this, &child] {
    if (!child.output->forward() && child.output->ended()) loop_.remove(child.output->fd());
    regulate();
  });
}

// While our own reader is slow, what is written to us waits in its pipe.
void Streams::regulate() {
  for (const auto& child : children_) {
    if (child->output && !outputs_.held_back()) child->output->pass_lines();
  }
  if (outputs_.held_back() == listening_) listen(!listening_);
}

void Streams::listen(bool on) {
  listening_ = on;
  for (const auto& child : children_) {
    if (!child->output) continue;
    if (!on) {
      loop_.remove(child->output->fd());
    } else if (!child->output->ended()) {
      read_output(*child);
    }
  }
}

// ---- All of them

void Streams::send_all(int signal) const {
  for (const auto& child : children_) {
    if (child->pid > 0) ::kill(child->pid, signal);
  }
}

void Streams::on_signal() {
  signalfd_siginfo info;
  if (::read(signals_.get(), &info, sizeof info) != sizeof info) return;
  switch (info.ssi_signo) {
    case SIGCHLD:
      return reap();
    case SIGQUIT:
      return send_all(SIGQUIT);
    case SIGHUP:
      send_all(SIGHUP);
      if (job_.service_manager != nullptr && ready_ && !stopping_) job_.service_manager->reload();
      return;
    default:
      // Each tells a second request from the same one that comes twice.
      send_all(SIGTERM);
      if (std::exchange(stopping_, true)) {
        hurried_ |= Clock::now() - first_stop_ >= second_thoughts;
        return;
      }
      first_stop_ = Clock::now();
      job_.hub.launch().stopping = true;
      for (const auto& child : children_) child->start_at = Clock::time_point::max();
      if (job_.service_manager != nullptr) job_.service_manager->stopping();
  }
}

void Streams::reap() {
  int status;
  pid_t pid;
  while ((pid = ::waitpid(-1, &status, WNOHANG)) > 0) {
    if (job_.web != nullptr && job_.web->ended(pid, status)) continue;
    if (job_.service_manager != nullptr && job_.service_manager->ended(pid)) continue;
    for (const auto& child : children_) {
      if (child->pid == pid) ended(*child, status);
    }
  }
  childless_ = pid < 0 && errno == ECHILD;
}

bool Streams::all_ended() const {
  return std::all_of(children_.begin(), children_.end(), [](const auto& child) { return child->pid <= 0; });
}

Clock::time_point Streams::deadline() const {
  Clock::time_point next = Clock::time_point::max();
  for (const auto& child : children_) next = std::min(next, child->start_at);
  if (job_.web != nullptr) next = std::min(next, job_.web->deadline());
  if (job_.service_manager != nullptr) next = std::min(next, job_.service_manager->deadline());
  return next;
}

void Streams::on_time() {
  const auto now = Clock::now();
  for (const auto& child : children_) {
    child->seen |= child->state.daemon_pid != 0;
    if (child->start_at > now || stopping_) continue;
    ++child->state.restarts;
    start(*child);
  }
  if (job_.web != nullptr) job_.web->on_time(now);
  if (job_.service_manager == nullptr) return;
  const auto seen = [](const auto& child) { return child->seen; };
  if (!ready_ && !stopping_ && std::all_of(children_.begin(), children_.end(), seen)) {
    ready_ = true;
    job_.service_manager->daemon_runs(job_.hub, loop_);
  }
  if (ready_) job_.service_manager->on_time(now);
}

// Turns the loop, and does what is due meanwhile, until `done()` (true) or `end` (false).
template <class Done>
bool Streams::turn_until(Done done, Clock::time_point end) {
  return loop_.run_until(
      done, end, [this] { return deadline(); }, [this] { on_time(); });
}

// What a launch has left behind that did not end in order.
void Streams::end_orphans() {
  reap();
  const auto alone = [this] { return childless_; };
  turn_until([this] { return childless_ || hurried_; }, Clock::now() + job_.linger);
  if (childless_) return;
  const std::string told = hurried_ ? std::string(killed_at_once) : tell_of_killing("the last launch", job_.linger);
  if (!told.empty()) outputs_.say(config::LogLevel::warn, told);
  in_order_ &= !hurried_;
  const auto deadline = Clock::now() + grace_for_killed;
  while (!childless_ && Clock::now() < deadline) {
    kill_children();
    turn_until(alone, Clock::now() + std::chrono::milliseconds{50});
  }
}

// All has ended, and what it said is read: it is for the log's reader.
void Streams::drain() {
  hurried_ = false;
  turn_until([this] { return hurried_ || !outputs_.is_read(); }, Clock::now() + Outputs::longest_end);
  outputs_.drop_waiting();
}

Result<bool> Streams::run() {
  const sigset_t set = block_signals();
  signals_.reset(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals_) return Error{std::string("signalfd: ") + std::strerror(errno)};
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  loop_.add(signals_.get(), [this] { on_signal(); });
  loop_.add(outputs_.fd(), [this] {
    outputs_.flush();
    regulate();
  });
  job_.hub.attach(loop_);
  if (job_.emf != nullptr) job_.emf->attach(loop_);
  if (job_.web != nullptr) job_.web->start(job_.hub.path(), outputs_);
  for (std::size_t i = 0; i < job_.commands.size(); ++i) {
    children_.push_back(
        std::make_unique<Child>(Child{.command = job_.commands[i], .state = job_.hub.streams()[i], .output = {}}));
    start(*children_.back());
  }
  turn_until([this] { return stopping_ && all_ended(); }, Clock::time_point::max());
  // They would keep us from being alone.
  if (job_.web != nullptr) job_.web->stop();
  if (job_.service_manager != nullptr) job_.service_manager->stop();
  end_orphans();
  if (job_.emf != nullptr) job_.emf->write();
  drain();
  return in_order_;
}

}  // namespace

Result<bool> look_after_streams(const StreamsJob& job, Outputs& outputs) {
  return Streams(job, outputs).run();
}

}  // namespace kclhost::host::launch
