#include "launch/outputs.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "observe/log_line.hpp"

namespace kclhost::host::launch {
namespace {

using config::LogLevel;

constexpr std::chrono::seconds last_words{1};
// What waits here for a slow reader, in bytes. Beyond the second, those who can wait do.
constexpr std::size_t most_waiting = 8 << 20, most_before_others_wait = 128 << 10;
// How long a reader may take nothing before it has stalled.
constexpr std::chrono::seconds patience_with_reader{1};

std::string own_line(const config::Log& config, LogLevel level, std::string_view message, std::string_view stream,
                     std::span<const observe::LogField> fields = {}) {
  const std::string time = observe::log_time();
  const observe::LogLine line{
      .time = time, .level = level, .stream = stream, .source = "launch", .text = message, .fields = fields};
  return line.str(config.format) + '\n';
}

std::string notice(const config::Log& config, std::uint64_t dropped, std::string_view why) {
  const std::string lines = std::to_string(dropped);
  const observe::LogField field{"dropped", lines};
  return own_line(config, LogLevel::warn, observe::lost_lines(dropped, why), config.stream, {&field, 1});
}

}  // namespace

Outputs::Outputs(const config::Log& config, std::optional<observe::LogFile> file)
    : config_(config),
      room_(::epoll_create1(EPOLL_CLOEXEC)),
      timer_(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)) {
  for (const int signal : {SIGPIPE, SIGXFSZ}) ::signal(signal, SIG_IGN);
  const auto tell = [this](std::uint64_t dropped, std::string_view why) { return notice(config_, dropped, why); };
  outlet_ = file ? observe::Outlet::to_file(std::move(*file), tell)
                 : observe::Outlet::to_descriptor(STDERR_FILENO, tell, most_waiting);
  epoll_event readable{};
  readable.events = EPOLLIN;
  ::epoll_ctl(room_.get(), EPOLL_CTL_ADD, timer_.get(), &readable);
}

Outputs::~Outputs() {
  flush_for(last_words);
  if (!outlet_.pending()) return;
  drop_waiting();
  flush_for(last_words);
}

void Outputs::write(std::string_view lines) {
  outlet_.write(std::string(lines));
  watch();
}

void Outputs::say(LogLevel level, std::string_view message, std::string_view stream) {
  if (level >= config_.level) write(own_line(config_, level, message, stream.empty() ? config_.stream : stream));
}

bool Outputs::held_back() const {
  return !stalled_ && outlet_.waiting_bytes() > most_before_others_wait;
}

void Outputs::drop_waiting() {
  outlet_.drop_waiting();
  watch();
}

void Outputs::flush() {
  outlet_.flush();
  std::uint64_t rings = 0;
  if (::read(timer_.get(), &rings, sizeof rings) == sizeof rings) {
    stalled_ |= watched_ && outlet_.waiting_bytes() >= waiting_;
    timer_on_ = false;
  }
  watch();
}

void Outputs::flush_for(std::chrono::milliseconds longest) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + longest;
  for (flush(); outlet_.pending() && Clock::now() < end; flush()) {
    pollfd room{fd(), POLLIN, 0};
    ::poll(&room, 1, static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count()));
  }
}

void Outputs::watch() {
  const bool wanted = outlet_.pending();
  if (wanted != watched_) {
    epoll_event writable{};
    writable.events = EPOLLOUT;
    ::epoll_ctl(room_.get(), wanted ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, outlet_.fd(), &writable);
    watched_ = wanted;
  }
  const std::size_t waiting = outlet_.waiting_bytes();
  if (waiting < waiting_) {  // it reads: be patient anew
    stalled_ = false;
    set_timer(false);
  }
  waiting_ = waiting;
  set_timer(wanted && !stalled_);
}

void Outputs::set_timer(bool on) {
  if (on == timer_on_) return;
  itimerspec when{};
  if (on) when.it_value.tv_sec = patience_with_reader.count();
  ::timerfd_settime(timer_.get(), 0, &when, nullptr);
  timer_on_ = on;
}

}  // namespace kclhost::host::launch
