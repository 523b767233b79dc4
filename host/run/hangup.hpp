// SIGHUP as a descriptor: "look for another release now".
#pragma once

#include <csignal>

#include "support/fd.hpp"

namespace kclhost::host::run {

// One at a time in a process. While it lives the signal does nothing but make fd() readable.
class Hangup {
 public:
  // Throws std::system_error when no descriptor can be had.
  Hangup();
  ~Hangup();
  Hangup(const Hangup&) = delete;
  Hangup& operator=(const Hangup&) = delete;

  int fd() const { return fd_.get(); }
  // Signals that came so far are taken.
  void take() const;

 private:
  Fd fd_;
  struct sigaction before_ {};
};

}  // namespace kclhost::host::run
