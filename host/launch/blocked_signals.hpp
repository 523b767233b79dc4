// The signals that a supervisor reads from a descriptor instead of being interrupted by them.
#pragma once

#include <signal.h>

namespace kclhost::host::launch {

// Blocks them until the process ends, for one that comes when all is over must not change how it ends.
inline sigset_t block_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGCHLD}) sigaddset(&set, number);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  return set;
}

}  // namespace kclhost::host::launch
