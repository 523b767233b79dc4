// The one poll loop of a host. Not thread-safe: everything runs on the thread that calls run_until.
#pragma once

#include <chrono>
#include <functional>
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

  // Calls `handler` whenever `fd` can be read, has hung up or failed, until remove. The fd stays the caller's.
  void add(int fd, Handler handler);
  void remove(int fd);

  // Dispatches events until `done()` says so (true) or `deadline` has passed (false). `done` is asked first and after
  // each event. Handlers may add and remove, and may call run_until themselves.
  template <class Done>
  bool run_until(Done&& done, Clock::time_point deadline = Clock::time_point::max()) {
    while (!done()) {
      if (!step(deadline)) return done();
    }
    return true;
  }

 private:
  // Waits for one event and handles it; false when the deadline has passed.
  bool step(Clock::time_point deadline);

  struct Watch;
  std::vector<Watch> watches_;
  std::vector<pollfd> polled_;
};

}  // namespace kclhost::host
