#include "put/stop.hpp"

#include <poll.h>
#include <signal.h>

namespace kclhost::host::put {
namespace {

constexpr int signals[] = {SIGINT, SIGTERM};

volatile sig_atomic_t stop_requested = 0;  // all that a signal handler may touch

void on_signal(int) {
  stop_requested = 1;
}

}  // namespace

StopSignals::StopSignals() {
  stop_requested = 0;
  struct sigaction action {};
  action.sa_handler = &on_signal;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  for (const int signal : signals) sigaction(signal, &action, nullptr);
}

StopSignals::~StopSignals() {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  for (const int signal : signals) sigaction(signal, &action, nullptr);
}

bool StopSignals::requested() {
  return stop_requested != 0;
}

void StopSignals::wait(std::chrono::nanoseconds time) {
  if (time.count() <= 0) return;
  sigset_t blocked;
  sigset_t before;
  sigemptyset(&blocked);
  for (const int signal : signals) sigaddset(&blocked, signal);
  // Blocked between the look at the flag and ppoll, which lets them in: none can slip through in between.
  pthread_sigmask(SIG_BLOCK, &blocked, &before);
  if (!requested()) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
    const timespec span{static_cast<time_t>(seconds.count()), static_cast<long>((time - seconds).count())};
    ppoll(nullptr, 0, &span, &before);
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace kclhost::host::put
