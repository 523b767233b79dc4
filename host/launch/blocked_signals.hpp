// The signals to `kclhost launch`: before it has started anything, and when a supervisor reads them from a descriptor.
#pragma once

#include <signal.h>
#include <unistd.h>

namespace kclhost::host::launch {

// From now on, until block_signals: SIGTERM and SIGINT end this process at once, which the default does not do to
// process 1, and SIGHUP and SIGQUIT do nothing. For the time when nothing runs that would have to end in order. A
// program that is started meanwhile, or later, begins with the defaults, but for what nohup has us ignore.
inline void end_at_signals() {
  struct sigaction action {};
  action.sa_flags = SA_RESTART;
  action.sa_handler = [](int) { ::_exit(0); };
  for (const int number : {SIGTERM, SIGINT}) ::sigaction(number, &action, nullptr);
  action.sa_handler = [](int) {};
  for (const int number : {SIGHUP, SIGQUIT}) {
    struct sigaction before {};
    if (::sigaction(number, nullptr, &before) == 0 && before.sa_handler == SIG_DFL)
      ::sigaction(number, &action, nullptr);
  }
}

// Blocks them until the process ends, for one that comes when all is over must not change how it ends.
inline sigset_t block_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGCHLD}) sigaddset(&set, number);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  return set;
}

}  // namespace kclhost::host::launch
