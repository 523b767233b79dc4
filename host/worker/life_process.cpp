#include "worker/life_process.hpp"

#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <thread>
#include <vector>

#include "support/process_memory.hpp"
#include "worker/death.hpp"
#include "worker/stack.hpp"

namespace kclhost::host::worker {
namespace {

using namespace std::chrono_literals;

// A worker that does not die of SIGABRT (it may block or hang in its handler) gets SIGKILL after this.
constexpr std::chrono::milliseconds patience_with_abort = 2s, haste_with_abort = 200ms;
// One that closed its channel, or can't load its plugin, is about to end, mostly.
constexpr auto patience_with_end = 1s;
// How often a worker is looked at whose end nothing tells: while that is near, and otherwise.
constexpr std::chrono::milliseconds soon{50}, later{1'000};
// How long a destructor waits for what SIGKILL has to end.
constexpr auto patience_with_kernel = 5s;
// Per turn, as Dialogue::packets_at_once is.
constexpr std::size_t bytes_at_once = 64 * 1024;
// More than a socket holds, and what a pipe holds: a process that the plugin started may go on sending.
constexpr int packets_after_end = 1024;
constexpr std::size_t pipe_size = 64 * 1024;

// Workers that had ended while a debugger still had them: the system keeps each until somebody has asked for its end.
std::vector<pid_t> unasked;

void ask_for_ends() {
  std::erase_if(unasked, [](pid_t pid) { return ::waitpid(pid, nullptr, WNOHANG) != 0; });
}

}  // namespace

void LifeProcess::begin(pid_t pid) {
  ask_for_ends();
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
  dialogue_.begin(pid, spec_);
}

LifeProcess::~LifeProcess() {
  forget();
  if (pid_ <= 0) return;
  signal(SIGKILL);
  signal_group();
  const auto until = Clock::now() + patience_with_kernel;
  while (::waitpid(pid_, nullptr, WNOHANG) == 0 && Clock::now() < until) {
    pollfd end{pidfd_.get(), POLLIN, 0};
    // It has ended where poll returns at once, and a debugger still has it.
    if (!pidfd_ || ::poll(&end, 1, 100) > 0) std::this_thread::sleep_for(1ms);
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

std::uint64_t LifeProcess::resident_memory() const {
  return pid_ > 0 ? host::resident_memory(pid_) : 0;
}

void LifeProcess::kill(Death::Kind kind, std::string message, bool soon_over) {
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
  kill_at_ = now + (soon_over ? haste_with_abort : patience_with_abort);
  if (!pidfd_) look_at_ = now + soon;
}

void LifeProcess::misbehaved(const std::string& what) {
  kill(Death::Kind::misbehaved, "ended because it " + what);
}

void LifeProcess::on_channel() {
  const bool open = dialogue_.read();
  // Closed by the plugin, or by the process's end, which is told in a moment.
  if (!open) loop_.remove(dialogue_.fd());
  if ((open && !dialogue_.not_loaded()) || end_until_ != never) return;
  const auto now = Clock::now();
  end_until_ = now + patience_with_end;
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
  return std::min({kill_at_, end_until_, look_at_});
}

void LifeProcess::on_time(Clock::time_point now) {
  if (pid_ <= 0) return;
  dialogue_.send_view();
  if (now >= kill_at_) {
    kill_at_ = never;
    signal(SIGKILL);
    signal_group();
  }
  if (now >= end_until_) {
    end_until_ = never;
    if (dialogue_.not_loaded()) {
      misbehaved("did not end by itself, though its plugin can't be loaded");
    } else if (!dialogue_.may_end()) {
      misbehaved("closed its channel to the host");
    }
  }
  if (!pidfd_ && now >= look_at_) {
    look_at_ = now + (killed_ || end_until_ != never || traced_until_ != never ? soon : later);
    look();
  }
}

// Whether it has ended.
void LifeProcess::look() {
  siginfo_t info{};
  const bool told =
      ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid != 0;
  if (!told && pidfd_) {
    // It has ended, and a debugger still has it. Until that lets go the pidfd would wake us at once, again and again.
    loop_.remove(pidfd_.get());
    pidfd_.reset();
    end_until_ = never;  // this is the end
    look_at_ = Clock::now();
    traced_until_ = look_at_ + patience_with_end;
  }
  if (told || Clock::now() >= traced_until_) finish();
}

void LifeProcess::finish() {
  ended_ = true;
  signal_group();
  // What it sent and printed before its end comes first.
  dialogue_.drain(packets_after_end);
  siginfo_t info{};
  // ECHILD: somebody has the system reap this process's children.
  if (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG) != 0) info.si_code = 0;
  const bool traced = traced_until_ != never && info.si_pid == 0;
  ask_for_ends();
  if (traced) unasked.push_back(pid_);
  pid_ = 0;
  forget();
  for (Output* output : {&out_, &err_}) {
    output->read(pipe_size);
    output->flush();
  }
  const bool ended_well = traced || (info.si_code == CLD_EXITED && info.si_status == 0);
  const bool in_order = !killed_ && dialogue_.may_end() && ended_well;
  if (in_order) return listener_.ended(id_, nullptr);
  const CrashRecord& crash = dialogue_.control().crash;
  Death death = killed_ ? killed_as_ : death_of(info, crash);
  if (!killed_ && traced) death.message = "ended, and a debugger still has it";
  death.call_begun = dialogue_.call_begun();
  // A plugin that overwrote the record has left no signal there.
  if (const int signal = crash.signal; signal > 0 && signal < NSIG) {
    Stack stack = describe_stack(crash, spec_.staged_path, spec_.plugin_path);
    death.stack = std::move(stack.lines);
    death.place = std::move(stack.in_plugin);
  }
  // Where the host brought the end about, what the worker printed before has no part in it.
  if (!killed_) death.words = words_.text();
  listener_.ended(id_, &death);
}

}  // namespace kclhost::host::worker
