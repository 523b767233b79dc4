// The signals that a supervisor reads from a descriptor instead of being interrupted by them.
#pragma once

#include <signal.h>

namespace kclhost::host::launch {

inline sigset_t handled_signals() {
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
  }
  ~BlockedSignals() { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

 private:
  sigset_t before_;
};

}  // namespace kclhost::host::launch
