// Forks a worker off the host, which has no other threads then. It goes on without a new program: there is none to
// start, which takes longer than all else, and what host and worker don't change is in memory once.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "worker/life_process.hpp"
#include "worker/refusal.hpp"
#include "worker/worker_process.hpp"

namespace kclhost::host::worker {
namespace {

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
  auto control = ControlPage::make(spec.config_json, spec.log_level, AckMemory::size_for(spec.most_held));
  if (!control) return no_worker("its control page", control.error());
  auto channel = Channel::make_pair();
  if (!channel) return no_worker("its channel", channel.error());
  Fd out, err, their_out, their_err;
  if (!make_pipe(out, their_out) || !make_pipe(err, their_err))
    return no_worker("a pipe for its output", refusal(errno));
  Inheritance inheritance{id,
                          channel->second.get(),
                          (*control)->fd(),
                          batch != nullptr ? batch->read_only_fd() : -1,
                          their_out.get(),
                          their_err.get(),
                          spec.max_memory,
                          spec.core_dumps,
                          spec.orderly_exit,
                          nullptr,
                          spec.shadow};
  const std::optional<User> user = spec.user;
  if (user) inheritance.user = &*user;
  auto life = std::make_unique<LifeProcess>(id, std::move(spec), loop, batch, listener, *control,
                                            std::move(channel->first), std::move(out), std::move(err));
  const pid_t pid = fork_worker(inheritance);
  if (pid < 0) return no_worker("fork", refusal(errno));
  (*control)->close_fd();
  life->begin(pid);
  return std::unique_ptr<Life>(std::move(life));
}

}  // namespace kclhost::host::worker
