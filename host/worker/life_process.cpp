// A worker in a process of its own: a fork of the host, which has no other threads then. It goes on without a new
// program: there is none to start, which takes longer than all else, and what host and worker don't change is in memory
// once.
#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <thread>

#include "support/process_memory.hpp"
#include "worker/dialogue.hpp"
#include "worker/life.hpp"
#include "worker/output.hpp"
#include "worker/refusal.hpp"
#include "worker/stack.hpp"
#include "worker/worker_process.hpp"

namespace kclhost::host::worker {
namespace {

using namespace std::chrono_literals;

// A worker that does not die of SIGABRT (it may block or hang in its handler) gets SIGKILL after this.
constexpr auto patience_with_abort = 2s;
// One that closed its channel, or can't load its plugin, is about to end, mostly.
constexpr auto patience_with_closed = 1s;
// How often a worker is looked at whose end nothing tells: while that is near, and otherwise.
constexpr std::chrono::milliseconds soon{50}, later{1'000};
// How long a destructor waits for what SIGKILL has to end.
constexpr auto patience_with_kernel = 5s;
// Per turn, so that timers and the daemon are served whatever the worker sends.
constexpr int packets_at_once = 64;
constexpr std::size_t bytes_at_once = 64 * 1024;
// More than a socket holds, and what a pipe holds: a process that the plugin started may go on sending.
constexpr int packets_after_end = 1024;
constexpr std::size_t pipe_size = 64 * 1024;
constexpr auto never = Clock::time_point::max();

struct Pipes {
  Fd out, err;
};

class LifeProcess final : public Life, private Dialogue::Owner {
 public:
  LifeProcess(WorkerId id, Spec spec, EventLoop& loop, const SharedBuffer* batch, Listener& listener,
              std::shared_ptr<ControlPage> control, Channel channel, Pipes ours)
      : id_(id),
        spec_(std::move(spec)),
        loop_(loop),
        listener_(listener),
        dialogue_(id, std::move(channel), std::move(control), batch, listener, *this),
        out_(id, std::move(ours.out), KCLHOST_LOG_INFO, "stdout", listener),
        err_(id, std::move(ours.err), KCLHOST_LOG_WARN, "stderr", listener) {}
  ~LifeProcess() override;

  void begin(pid_t pid);

  WorkerId id() const override { return id_; }
  void call(CallNumber number, const Request& request) override { dialogue_.call(number, request); }
  void answer_checkpoint(CallNumber number, const CheckpointAnswer& answer) override {
    dialogue_.answer_checkpoint(number, answer);
  }
  void request_stop() override { dialogue_.control().should_stop = 1; }
  void kill(Death::Kind kind, std::string message) override;
  std::uint64_t resident_memory() const override { return pid_ > 0 ? host::resident_memory(pid_) : 0; }
  Clock::time_point deadline() const override;
  void on_time(Clock::time_point now) override;

 private:
  void misbehaved(const std::string& what) override;
  void on_channel();
  void on_output(Output& output);
  void look();
  void finish();
  void signal(int number);
  void signal_group();
  void forget();
  Death death_of(const siginfo_t& info) const;

  const WorkerId id_;
  const Spec spec_;
  EventLoop& loop_;
  Listener& listener_;
  Dialogue dialogue_;
  Output out_, err_;
  pid_t pid_ = 0;  // until it is reaped: nobody else gets its number before that
  Fd pidfd_;       // none where the system has no such thing, or refuses it
  bool ended_ = false;
  bool killed_ = false;
  Death killed_as_;
  Clock::time_point kill_at_ = never;       // by SIGKILL
  Clock::time_point closed_until_ = never;  // it should end by itself before that
  Clock::time_point look_at_ = never;       // without a pidfd
};

void LifeProcess::begin(pid_t pid) {
  pid_ = pid;
  // glibc 2.36 declares pidfd_open for C alone. Linux before 5.3, and some containers' seccomp profiles, refuse it.
  pidfd_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  loop_.add(dialogue_.fd(), [this] { on_channel(); });
  loop_.add(out_.fd(), [this] { on_output(out_); });
  loop_.add(err_.fd(), [this] { on_output(err_); });
  if (pidfd_) {
    loop_.add(pidfd_.get(), [this] { look(); });
  } else {
    look_at_ = Clock::now() + later;
  }
  dialogue_.begin(pid, spec_.staged_path, spec_.plugin_path);
}

LifeProcess::~LifeProcess() {
  forget();
  if (pid_ <= 0) return;
  signal(SIGKILL);
  signal_group();
  const auto until = Clock::now() + patience_with_kernel;
  while (::waitpid(pid_, nullptr, WNOHANG) == 0 && Clock::now() < until) {
    pollfd end{pidfd_.get(), POLLIN, 0};
    if (pidfd_) {
      ::poll(&end, 1, 100);
    } else {
      std::this_thread::sleep_for(1ms);
    }
  }
}

void LifeProcess::forget() {
  for (const int fd : {dialogue_.fd(), out_.fd(), err_.fd()}) loop_.remove(fd);
  if (pidfd_) loop_.remove(pidfd_.get());
}

void LifeProcess::signal(int number) {
  if (pidfd_ && ::syscall(SYS_pidfd_send_signal, pidfd_.get(), number, nullptr, 0) == 0) return;
  ::kill(pid_, number);
}

// What it started. It may have left its group itself. Not reaped yet, it still holds the group's number.
void LifeProcess::signal_group() {
  ::kill(-pid_, SIGKILL);
}

void LifeProcess::kill(Death::Kind kind, std::string message) {
  if (pid_ <= 0 || ended_ || killed_) return;
  killed_ = true;
  killed_as_.kind = kind;
  killed_as_.message = std::move(message);
  // Nothing that it says counts any more.
  if (kind == Death::Kind::misbehaved) {
    dialogue_.stop_reading();
    loop_.remove(dialogue_.fd());
  }
  signal(SIGABRT);
  const auto now = Clock::now();
  kill_at_ = now + patience_with_abort;
  if (!pidfd_) look_at_ = now + soon;
}

void LifeProcess::misbehaved(const std::string& what) {
  kill(Death::Kind::misbehaved, "ended because it " + what);
}

void LifeProcess::on_channel() {
  const bool open = dialogue_.read(packets_at_once);
  // Closed by the plugin, or by the process's end, which is told in a moment.
  if (!open) loop_.remove(dialogue_.fd());
  if ((open && !dialogue_.not_loaded()) || closed_until_ != never) return;
  const auto now = Clock::now();
  closed_until_ = now + patience_with_closed;
  if (!pidfd_) look_at_ = now;
}

void LifeProcess::on_output(Output& output) {
  if (output.read(bytes_at_once)) return;
  loop_.remove(output.fd());
  output.flush();
}

Clock::time_point LifeProcess::deadline() const {
  if (pid_ <= 0) return never;
  if (dialogue_.view_is_stale()) return Clock::time_point::min();
  return std::min({kill_at_, closed_until_, look_at_});
}

void LifeProcess::on_time(Clock::time_point now) {
  if (pid_ <= 0) return;
  dialogue_.send_view();
  if (now >= kill_at_) {
    kill_at_ = never;
    signal(SIGKILL);
    signal_group();
  }
  if (now >= closed_until_) {
    closed_until_ = never;
    if (dialogue_.not_loaded()) {
      misbehaved("did not end by itself, though its plugin can't be loaded");
    } else if (!dialogue_.may_end()) {
      misbehaved("closed its channel to the host");
    }
  }
  if (!pidfd_ && now >= look_at_) {
    look_at_ = now + (killed_ || closed_until_ != never ? soon : later);
    look();
  }
}

// Whether it has ended.
void LifeProcess::look() {
  siginfo_t info{};
  if (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0) return;
  finish();
}

void LifeProcess::finish() {
  ended_ = true;
  signal_group();
  // What it sent and printed before its end comes first.
  dialogue_.read(packets_after_end);
  siginfo_t info{};
  // ECHILD: somebody has the system reap this process's children.
  if (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG) != 0) info.si_code = 0;
  pid_ = 0;
  forget();
  for (Output* output : {&out_, &err_}) {
    output->read(pipe_size);
    output->flush();
  }
  const bool in_order = !killed_ && dialogue_.may_end() && info.si_code == CLD_EXITED && info.si_status == 0;
  if (in_order) return listener_.ended(id_, nullptr);
  const Death death = death_of(info);
  listener_.ended(id_, &death);
}

Death LifeProcess::death_of(const siginfo_t& info) const {
  const CrashRecord& crash = dialogue_.control().crash;
  Death death = killed_as_;
  death.call_begun = dialogue_.call_begun();
  const bool crashed = crash.signal != 0;
  if (crashed) death.stack = describe_stack(crash, spec_.staged_path, spec_.plugin_path);
  if (killed_) return death;
  death.detail = info.si_status;
  death.kind = info.si_code == CLD_KILLED || info.si_code == CLD_DUMPED ? Death::Kind::signal : Death::Kind::exit;
  if (info.si_code == 0) {
    death.message = "ended, and the system does not say how (kclhost was started with SIGCHLD ignored)";
  } else if (death.kind == Death::Kind::exit) {
    death.message = "ended by exit(" + std::to_string(death.detail) + ")";
  } else {
    death.message = "killed by " + signal_name(death.detail);
    if (crashed && (death.detail == SIGSEGV || death.detail == SIGBUS)) {
      char address[32];
      std::snprintf(address, sizeof address, " at address 0x%llx",
                    static_cast<unsigned long long>(crash.fault_address));
      death.message += address;
    }
    if (death.detail == SIGKILL) death.message += " (by the kernel, when memory ran out, or by a person)";
  }
  return death;
}

bool make_pipe(Fd& ours, Fd& theirs) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return false;
  ours.reset(ends[0]);
  theirs.reset(ends[1]);
  return ::fcntl(ours.get(), F_SETFL, O_NONBLOCK) == 0;
}

// A signal that comes between fork and the worker's own start would run the host's handlers in the worker.
pid_t fork_worker(const Inheritance& inheritance) {
  sigset_t all, before;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, &before);
  const pid_t pid = ::fork();
  if (pid == 0) run_worker_process(inheritance);
  const int error = errno;
  // A group of its own: a plugin that signals its group reaches neither host nor daemon, and what it forks ends with
  // it. Whoever comes first makes it.
  if (pid > 0) ::setpgid(pid, pid);
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
  errno = error;
  return pid;
}

}  // namespace

Result<std::unique_ptr<Life>> start_process(WorkerId id, Spec spec, EventLoop& loop, const SharedBuffer* batch,
                                            Listener& listener) {
  auto control = ControlPage::make(spec.config_json, spec.log_level);
  if (!control) return no_worker("its control page", control.error());
  auto channel = Channel::make_pair();
  if (!channel) return no_worker("its channel", channel.error());
  Pipes ours, theirs;
  if (!make_pipe(ours.out, theirs.out) || !make_pipe(ours.err, theirs.err))
    return no_worker("a pipe for its output", refusal(errno));
  Inheritance inheritance{id,
                          channel->second.get(),
                          (*control)->fd(),
                          batch != nullptr ? batch->read_only_fd() : -1,
                          theirs.out.get(),
                          theirs.err.get(),
                          spec.max_memory,
                          spec.core_dumps};
  auto life = std::make_unique<LifeProcess>(id, std::move(spec), loop, batch, listener, *control,
                                            std::move(channel->first), std::move(ours));
  const pid_t pid = fork_worker(inheritance);
  if (pid < 0) return no_worker("fork", refusal(errno));
  (*control)->close_fd();
  life->begin(pid);
  return std::unique_ptr<Life>(std::move(life));
}

}  // namespace kclhost::host::worker
