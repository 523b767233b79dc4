#include "worker/worker_process.hpp"

#include <fcntl.h>
#include <stdio_ext.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <string_view>

#include "support/process_title.hpp"
#include "worker/crash.hpp"
#include "worker/worker_loop.hpp"

namespace kclhost::host::worker {
namespace {

// The daemon's pipes above all: a worker that outlives its host must not hold them open.
void close_all_but(std::array<int, 3> kept) {
  std::ranges::sort(kept);
  int next = STDERR_FILENO + 1;
  for (const int fd : kept) {
    for (; next < fd; ++next) ::close(next);
    next = std::max(next, fd + 1);
  }
  ::closefrom(next);
}

// Where the host was started without them, its own descriptors may have the standard ones' numbers.
int above_standard(int fd) {
  return fd < 0 || fd > STDERR_FILENO ? fd : ::fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
}

// Where few descriptors are allowed, any number above standard error's must do.
Fd move_up(int fd) {
  if (fd < 0) return Fd();
  Fd moved(::fcntl(fd, F_DUPFD_CLOEXEC, far_from_plugins));
  if (!moved) moved.reset(::fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  ::close(fd);
  return moved;
}

// The host ignores some signals and blocks others; what a plugin starts must not.
void reset_signals() {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) ::sigaction(signal, &action, nullptr);
  // For the first two an error of the call that caused them is better than an end; the others reach whole groups, when
  // it is for the daemon to say when a shard ends. A program that the plugin starts gets the default all the same:
  // handlers don't outlive exec, ignored signals do.
  action.sa_handler = [](int) {};
  action.sa_flags = SA_RESTART;
  for (const int signal : {SIGPIPE, SIGXFSZ, SIGTERM, SIGINT, SIGHUP}) ::sigaction(signal, &action, nullptr);
}

void unblock_signals() {
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_UNBLOCK, &all, nullptr);
}

// The lower of the two where the system's own limit is lower. All other limits stay as kclhost was given them: what the
// plugin starts inherits them.
void limit(const Inheritance& given) {
  rlimit now{};
  // Between worker.max_memory, where a worker is replaced in good order, and this, where allocating fails, lies room
  // for one batch.
  if (given.max_memory && ::getrlimit(RLIMIT_DATA, &now) == 0) {
    // The soft limit only, which programs that the plugin starts may raise again.
    const rlimit memory{std::min<rlim_t>(*given.max_memory * 2, now.rlim_max), now.rlim_max};
    ::setrlimit(RLIMIT_DATA, &memory);
  }
}

// To all others: for the processor, and when the kernel looks for a process to end because memory is short.
void give_way() {
  constexpr int lowest_priority = 19;
  ::setpriority(PRIO_PROCESS, 0, lowest_priority);
  const int fd = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  [[maybe_unused]] const ssize_t written = ::write(fd, "1000", 4);
  ::close(fd);
}

void connect_output(const Inheritance& given) {
  ::dup2(given.out, STDOUT_FILENO);
  ::dup2(given.err, STDERR_FILENO);
  ::close(STDIN_FILENO);
  ::open("/dev/null", O_RDONLY);
  // What the host has not written yet is the host's.
  ::__fpurge(stdout);
  ::__fpurge(stderr);
  std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
}

void change_user(const User& user, const Inheritance& given) {
  // What opens /dev/stdout opens the pipe anew, as its user.
  for (const int fd : {given.out, given.err}) {
    [[maybe_unused]] const int ignored = ::fchown(fd, user.uid, user.gid);
  }
  if (become(user)) return;
  ::dprintf(given.err, "the worker can't become the user of worker.user: %s\n", std::strerror(errno));
  ::_exit(1);
}

}  // namespace

void run_worker_process(const Inheritance& inherited) noexcept {
  reset_signals();
  ::setpgid(0, 0);
  if (inherited.user != nullptr) change_user(*inherited.user, inherited);
  // Whoever becomes another user loses these two, so they come behind that.
  // A host killed by SIGKILL can't end its worker. (If it died before this line, the channel is closed already.)
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  // The host is not dumpable, so that its workers can't look into it; debuggers and profilers may look into them.
  ::prctl(PR_SET_DUMPABLE, 1);
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  using namespace std::string_view_literals;
  if (inherited.shadow) {
    set_process_title("kclhost-shadow", "kclhost\0shadow\0"sv);
  } else {
    set_process_title("kclhost-worker", "kclhost\0worker\0"sv);
  }
  Inheritance given = inherited;
  for (int* fd : {&given.channel, &given.control, &given.batch, &given.out, &given.err}) *fd = above_standard(*fd);
  connect_output(given);
  close_all_but({given.channel, given.control, given.batch});
  limit(given);
  if (given.shadow) give_way();
  unblock_signals();
  try {
    Supplies supplies{given.id, HostLink::Where::own_process, Channel(move_up(given.channel)),
                      ControlPage::map(Fd(given.control)), move_up(given.batch)};
    if (!supplies.control) throw std::bad_alloc();
    record_crashes((*supplies.control)->crash, given.core_dumps ? CoreDumps::yes : CoreDumps::no);
    const Served served = serve(std::move(supplies));
    // The host gives the call of destroy, which is not over for it, as long as it gives any: what hangs here is ended.
    if (served == Served::to_the_end && given.orderly_exit) std::exit(0);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "the worker can't go on: %s\n", error.what());
    ::_exit(1);
  }
  // Without static destructors and atexit handlers: threads that a plugin left behind may still run, and would use what
  // is destroyed.
  ::_exit(0);
}

}  // namespace kclhost::host::worker
