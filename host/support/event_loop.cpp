#include "support/event_loop.hpp"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace kclhost::host {
namespace {

// poll's timeout for a deadline, rounded up so that a loop never spins through a last fraction of a millisecond.
int timeout_until(Clock::time_point deadline) {
  if (deadline == Clock::time_point::max()) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return static_cast<int>(std::clamp<decltype(left)>(left, 0, 3'600'000));
}

}  // namespace

struct EventLoop::Watch {
  int fd;
  Handler handler;
};

EventLoop::EventLoop() = default;
EventLoop::~EventLoop() = default;

void EventLoop::add(int fd, Handler handler) {
  watches_.push_back({fd, std::move(handler)});
}

void EventLoop::remove(int fd) {
  std::erase_if(watches_, [fd](const Watch& watch) { return watch.fd == fd; });
}

bool EventLoop::step(Clock::time_point deadline) {
  polled_.clear();
  for (const Watch& watch : watches_) polled_.push_back({watch.fd, POLLIN, 0});
  const int ready = ::poll(polled_.data(), polled_.size(), timeout_until(deadline));
  if (ready < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category(), "poll");
  if (ready <= 0) return Clock::now() < deadline;
  // One handler a step: it may change the watches or poll again itself, so what was polled is stale after it.
  const auto hit = std::find_if(polled_.begin(), polled_.end(), [](const pollfd& p) { return p.revents != 0; });
  const auto watch = watches_.begin() + (hit - polled_.begin());
  const Handler handler = watch->handler;
  // Turn the order round, so that one busy descriptor can't starve the others.
  std::rotate(watches_.begin(), watch + 1, watches_.end());
  handler();
  // A descriptor that is always ready must not put the deadline off.
  return Clock::now() < deadline;
}

}  // namespace kclhost::host
