#include "launch/outputs.hpp"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <string>

namespace kclhost::host::launch {
namespace {

constexpr std::chrono::seconds last_words{1};
// How long a reader may take nothing before it has stalled.
constexpr std::chrono::seconds patience_with_reader{1};

std::string notice(std::uint64_t dropped) {
  return "kclhost: " + std::to_string(dropped) + " pieces of output were dropped: nobody read it\n";
}

}  // namespace

Outputs::Outputs()
    : room_(::epoll_create1(EPOLL_CLOEXEC)), timer_(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)) {
  outputs_[0].outlet = observe::Outlet::to_descriptor(STDOUT_FILENO, notice);
  outputs_[1].outlet = observe::Outlet::to_descriptor(STDERR_FILENO, notice);
  epoll_event readable{};
  readable.events = EPOLLIN;
  ::epoll_ctl(room_.get(), EPOLL_CTL_ADD, timer_.get(), &readable);
}

Outputs::~Outputs() {
  flush_for(last_words);
}

void Outputs::write(int out, std::string_view text) {
  outputs_[out == STDERR_FILENO].outlet.write(std::string(text));
  watch();
}

void Outputs::complain(std::string_view message) {
  write(STDERR_FILENO, "kclhost: " + std::string(message) + "\n");
}

bool Outputs::held_back() const {
  return std::any_of(std::begin(outputs_), std::end(outputs_), [](const Output& output) {
    return !output.stalled && output.outlet.waiting_bytes() > observe::Outlet::standard_capacity / 2;
  });
}

void Outputs::flush() {
  for (Output& output : outputs_) output.outlet.flush();
  std::uint64_t rings = 0;
  if (::read(timer_.get(), &rings, sizeof rings) == sizeof rings) {
    for (Output& output : outputs_) output.stalled |= output.watched && output.outlet.waiting_bytes() >= output.waiting;
    timer_on_ = false;
  }
  watch();
}

void Outputs::flush_for(std::chrono::milliseconds longest) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + longest;
  const auto pending = [this] { return outputs_[0].outlet.pending() || outputs_[1].outlet.pending(); };
  for (flush(); pending() && Clock::now() < end; flush()) {
    pollfd room{fd(), POLLIN, 0};
    ::poll(&room, 1, static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count()));
  }
}

void Outputs::watch() {
  bool slow = false;
  for (Output& output : outputs_) {
    const bool wanted = output.outlet.pending();
    if (wanted != output.watched) {
      epoll_event writable{};
      writable.events = EPOLLOUT;
      ::epoll_ctl(room_.get(), wanted ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, output.outlet.fd(), &writable);
      output.watched = wanted;
    }
    const std::size_t waiting = output.outlet.waiting_bytes();
    if (waiting < output.waiting) {  // it reads: be patient anew
      output.stalled = false;
      set_timer(false);
    }
    output.waiting = waiting;
    slow |= wanted && !output.stalled;
  }
  set_timer(slow);
}

void Outputs::set_timer(bool on) {
  if (on == timer_on_) return;
  itimerspec when{};
  if (on) when.it_value.tv_sec = patience_with_reader.count();
  ::timerfd_settime(timer_.get(), 0, &when, nullptr);
  timer_on_ = on;
}

}  // namespace kclhost::host::launch
