#include "launch/emf_log.hpp"

#include <sys/timerfd.h>
#include <unistd.h>

#include <utility>

#include "hub/snapshot.hpp"
#include "observe/log_line.hpp"

namespace kclhost::host::launch {

EmfLog::EmfLog(const config::Metrics& config, hub::Hub& hub, Outputs& outputs)
    : config_(config), hub_(hub), outputs_(outputs) {}

void EmfLog::attach(EventLoop& loop) {
  timer_.reset(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  const auto ms = config_.emf_interval.count();
  const timespec interval{static_cast<time_t>(ms / 1000), static_cast<long>(ms % 1000) * 1'000'000};
  const itimerspec when{interval, interval};
  ::timerfd_settime(timer_.get(), 0, &when, nullptr);
  loop_ = &loop;
  loop_->add(timer_.get(), [this] {
    std::uint64_t rings = 0;
    if (::read(timer_.get(), &rings, sizeof rings) == sizeof rings) write();
  });
}

void EmfLog::detach() {
  if (loop_ != nullptr) loop_->remove(timer_.get());
  loop_ = nullptr;
}

void EmfLog::write() {
  const std::string time = observe::log_time();
  const hub::Snapshot all = hub::look_at(hub_);
  for (const hub::LaunchState& one : all.daemons()) {
    hub::Snapshot its = all.streams.empty() ? all : all.part(one);
    for (const std::string& line : lines_[one.name].next(std::move(its), config_.stalled_after, time)) {
      outputs_.write(line + '\n');
    }
  }
}

}  // namespace kclhost::host::launch
