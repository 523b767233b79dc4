// The one poll loop of a host. Not thread-safe: everything runs on the thread that turns it.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <vector>

struct pollfd;

namespace kclhost::host {

using Clock = std::chrono::steady_clock;

class EventLoop {
 public:
  using Handler = std::function<void()>;

  EventLoop();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // From now on a turn calls `handler` when `fd` can be read, has hung up or failed. The descriptor stays the caller's,
  // who removes it before closing it.
  void add(int fd, Handler handler);
  // The same for when `fd` can be written to, has hung up or failed. A descriptor may be watched both ways.
  void add_writable(int fd, Handler handler);
  // Until resume, what add began for `fd` sleeps, or wakes. Costs nothing.
  void pause(int fd) { set_paused(fd, true); }
  void resume(int fd) { set_paused(fd, false); }
  // Ends what add and add_writable began for `fd`; nothing when they began nothing.
  void remove(int fd);

  // Polls once: until a descriptor is ready, the deadline has passed or a signal was handled. Calls the handlers of all
  // descriptors that this poll found ready, each once, and returns. A handler may add and remove; a removed one is not
  // called any more, an added one not before the next turn. Not from within a handler. A deadline in the past: what is
  // ready is handled all the same. Throws std::system_error when poll is refused (no memory).
  void turn(Clock::time_point deadline = Clock::time_point::max());

  // Turns until `done()` says so (true) or `deadline` has passed (false); `done` is asked first and after each turn.
  template <class Done>
  bool run_until(Done&& done, Clock::time_point deadline = Clock::time_point::max()) {
    return run_until(
        done, deadline, [] { return Clock::time_point::max(); }, [] {});
  }
  // The same where something is due meanwhile: no turn lasts beyond `due()`, and `on_time` is called after each.
  template <class Done, class Due, class OnTime>
  bool run_until(Done&& done, Clock::time_point deadline, Due&& due, OnTime&& on_time) {
    while (!done()) {
      if (Clock::now() >= deadline) return false;
      turn(std::min(deadline, due()));
      on_time();
    }
    return true;
  }

 private:
  struct Watch;

  void set_paused(int fd, bool paused);
  // Waits; polled_ has then what became of watches_, in its order. False when nothing is ready.
  bool poll_once(Clock::time_point deadline);

  std::vector<std::unique_ptr<Watch>> watches_;
  std::vector<std::unique_ptr<Watch>> removed_;  // in the turn in progress: one of them may be running
  std::vector<pollfd> polled_;
  std::vector<Watch*> ready_;
  bool turning_ = false;
};

}  // namespace kclhost::host
