#include "launch/outputs.hpp"

#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <string>

namespace kclhost::host::launch {
namespace {

constexpr std::chrono::seconds last_words{1};

std::string notice(std::uint64_t dropped) {
  return "kclhost: " + std::to_string(dropped) + " pieces of output were dropped: nobody read it\n";
}

}  // namespace

Outputs::Outputs() : room_(::epoll_create1(EPOLL_CLOEXEC)) {
  outlets_[0] = observe::Outlet::to_descriptor(STDOUT_FILENO, notice);
  outlets_[1] = observe::Outlet::to_descriptor(STDERR_FILENO, notice);
}

Outputs::~Outputs() {
  flush_for(last_words);
}

void Outputs::write(int out, std::string_view text) {
  outlets_[out == STDERR_FILENO].write(std::string(text));
  watch();
}

void Outputs::complain(std::string_view message) {
  write(STDERR_FILENO, "kclhost: " + std::string(message) + "\n");
}

void Outputs::flush() {
  for (observe::Outlet& outlet : outlets_) outlet.flush();
  watch();
}

void Outputs::flush_for(std::chrono::milliseconds longest) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + longest;
  const auto pending = [this] { return outlets_[0].pending() || outlets_[1].pending(); };
  for (flush(); pending() && Clock::now() < end; flush()) {
    pollfd room{fd(), POLLIN, 0};
    ::poll(&room, 1, static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count()));
  }
}

void Outputs::watch() {
  for (std::size_t i = 0; i < std::size(outlets_); ++i) {
    const bool wanted = outlets_[i].pending();
    if (wanted == watched_[i]) continue;
    epoll_event writable{};
    writable.events = EPOLLOUT;
    ::epoll_ctl(room_.get(), wanted ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, outlets_[i].fd(), &writable);
    watched_[i] = wanted;
  }
}

}  // namespace kclhost::host::launch
