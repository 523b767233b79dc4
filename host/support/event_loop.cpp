#include "support/event_loop.hpp"

#include <poll.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <system_error>

namespace kclhost::host {
namespace {

// poll's timeout for a deadline, rounded up so that a loop never spins through a last fraction of a millisecond.
int timeout_until(Clock::time_point deadline) {
  if (deadline == Clock::time_point::max()) return -1;
  const Clock::time_point now = Clock::now();
  if (deadline <= now) return 0;  // also where the difference would not fit
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - now).count();
  return static_cast<int>(std::min<decltype(left)>(left, 3'600'000));
}

}  // namespace

struct EventLoop::Watch {
  int fd;
  short events;
  Handler handler;
  bool removed = false, paused = false;
};

EventLoop::EventLoop() = default;
EventLoop::~EventLoop() = default;

void EventLoop::add(int fd, Handler handler) {
  watches_.push_back(std::make_unique<Watch>(Watch{fd, POLLIN, std::move(handler)}));
}

void EventLoop::add_writable(int fd, Handler handler) {
  watches_.push_back(std::make_unique<Watch>(Watch{fd, POLLOUT, std::move(handler)}));
}

void EventLoop::set_paused(int fd, bool paused) {
  for (const auto& watch : watches_) {
    if (watch->fd == fd && watch->events == POLLIN) watch->paused = paused;
  }
}

void EventLoop::remove(int fd) {
  std::erase_if(watches_, [this, fd](std::unique_ptr<Watch>& watch) {
    if (watch->fd != fd) return false;
    watch->removed = true;
    if (turning_) removed_.push_back(std::move(watch));
    return true;
  });
}

bool EventLoop::poll_once(Clock::time_point deadline) {
  polled_.clear();
  // poll passes over descriptors below 0.
  for (const auto& watch : watches_) polled_.push_back({watch->paused ? -1 : watch->fd, watch->events, 0});
  const int ready = ::poll(polled_.data(), polled_.size(), timeout_until(deadline));
  if (ready < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category(), "poll");
  return ready > 0;
}

void EventLoop::turn(Clock::time_point deadline) {
  assert(!turning_ && "a handler waits");
  if (!poll_once(deadline)) return;
  ready_.clear();
  for (std::size_t i = 0; i < polled_.size(); ++i) {
    if (polled_[i].revents != 0) ready_.push_back(watches_[i].get());
  }
  // Also when a handler throws.
  struct Turning {
    explicit Turning(EventLoop& turned) : loop(turned) { loop.turning_ = true; }
    ~Turning() {
      loop.turning_ = false;
      loop.removed_.clear();
    }
    EventLoop& loop;
  } const turning(*this);
  for (Watch* const watch : ready_) {
    if (!watch->removed) watch->handler();
  }
}

}  // namespace kclhost::host
