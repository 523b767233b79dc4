#include "put/stop.hpp"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>

namespace kclhost::host::put {
namespace {

constexpr int signals[] = {SIGINT, SIGTERM};

volatile sig_atomic_t stop_requested = 0;  // the signal's number; all that a signal handler may touch

void on_signal(int number) {
  if (stop_requested != 0) _exit(128 + number);  // SIG_DFL does not end process 1
  stop_requested = number;
}

void handle(void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  for (const int signal : signals) sigaction(signal, &action, nullptr);
}

// ppoll that no signal can slip by: they are blocked between the look at the flag and ppoll, which lets them in.
int poll_unless_stopped(pollfd* watched, nfds_t count, const timespec* span) {
  sigset_t blocked;
  sigset_t before;
  sigemptyset(&blocked);
  for (const int signal : signals) sigaddset(&blocked, signal);
  pthread_sigmask(SIG_BLOCK, &blocked, &before);
  const int events = StopSignals::requested() ? -1 : ppoll(watched, count, span, &before);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return events;
}

timespec span_of(std::chrono::nanoseconds time) {
  time = std::max(time, std::chrono::nanoseconds::zero());
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
  return {static_cast<time_t>(seconds.count()), static_cast<long>((time - seconds).count())};
}

}  // namespace

StopSignals::StopSignals() {
  stop_requested = 0;
  handle(&on_signal);
}

StopSignals::~StopSignals() {
  handle(SIG_DFL);
}

bool StopSignals::requested() {
  return stop_requested != 0;
}

const char* StopSignals::name() {
  return stop_requested == SIGINT ? "SIGINT" : "SIGTERM";
}

void StopSignals::wait(std::chrono::nanoseconds time) {
  const timespec span = span_of(time);
  poll_unless_stopped(nullptr, 0, &span);
}

StopSignals::Input StopSignals::wait_for_input(int fd, std::optional<std::chrono::nanoseconds> patience) {
  const timespec span = span_of(patience.value_or(std::chrono::nanoseconds::zero()));
  for (;;) {
    pollfd input{fd, POLLIN, 0};
    const int events = poll_unless_stopped(&input, 1, patience ? &span : nullptr);
    if (requested()) return Input::stopped;
    if (events > 0) return Input::ready;
    if (events == 0) return Input::none;
  }
}

}  // namespace kclhost::host::put
