#include "replay/connection.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "support/second_thoughts.hpp"

namespace kclhost::host::replay {
namespace {

// The daemon's writer hands on 8 KiB at a time (Java's buffers), which decides what a child's reading costs.
constexpr std::size_t daemons_write = 8192;

}  // namespace

void Connection::send(std::string_view message) {
  sending_ = message;
  heard_ = Clock::now();
  write_some();
}

void Connection::answer(std::string_view message) {
  answers_ += message;
  write_some();
}

// True when all was written. A child that closed its end can't be talked to again.
bool Connection::write_all(std::string_view& bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(child_.input(), bytes.data(), std::min(bytes.size(), daemons_write));
    if (written < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN) input_broken_ = true;
      return false;
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
    sent_bytes_ += static_cast<std::uint64_t>(written);
  }
  return true;
}

void Connection::write_some() {
  if (!write_all(sending_)) return;
  std::string_view rest = answers_;
  write_all(rest);
  answers_.erase(0, answers_.size() - rest.size());
}

void Connection::read_some() {
  input_.erase(0, taken_);
  scanned_ -= std::min(scanned_, taken_);
  taken_ = 0;
  char chunk[64 << 10];
  while (true) {
    const ssize_t got = ::read(child_.output(), chunk, sizeof chunk);
    if (got > 0) {
      input_.append(chunk, static_cast<std::size_t>(got));
      received_bytes_ += static_cast<std::uint64_t>(got);
      heard_ = Clock::now();
      if (static_cast<std::size_t>(got) < sizeof chunk) return;
    } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
      output_ended_ = true;
      return;
    } else if (errno == EAGAIN) {
      // A descendant may hold the pipe open for longer than the child lived.
      if (exited_) output_ended_ = true;
      return;
    }
  }
}

void Connection::take_stop() {
  signalfd_siginfo info;
  if (::read(stop_fd_, &info, sizeof info) <= 0) return;
  if (stops_ == 0) {
    stops_ = 1;
    first_stop_ = Clock::now();
    on_stop_();
  } else if (Clock::now() - first_stop_ >= second_thoughts) {
    stops_ = 2;
    child_.signal(SIGKILL);
  }
}

std::optional<std::string_view> Connection::take_line() {
  const std::size_t newline = input_.find('\n', std::max(scanned_, taken_));
  if (newline == std::string::npos) {
    scanned_ = input_.size();
    return std::nullopt;
  }
  const std::string_view line(input_.data() + taken_, newline - taken_);
  taken_ = scanned_ = newline + 1;
  return line;
}

bool Connection::step(Clock::time_point deadline) {
  pollfd watched[] = {{child_.output(), POLLIN, 0},
                      {child_.process(), POLLIN, 0},
                      {stop_fd_, POLLIN, 0},
                      {sent() || input_broken_ ? -1 : child_.input(), POLLOUT, 0}};
  timespec left{};
  if (deadline != Clock::time_point::max()) {
    const auto wait = std::max(deadline - Clock::now(), Clock::duration::zero());
    left.tv_sec = std::chrono::duration_cast<std::chrono::seconds>(wait).count();
    left.tv_nsec = (wait % std::chrono::seconds(1)).count();
  }
  const int events =
      ::ppoll(watched, std::size(watched), deadline == Clock::time_point::max() ? nullptr : &left, nullptr);
  if (events <= 0) return events < 0;
  if (watched[2].revents != 0) take_stop();
  if (watched[1].revents != 0) exited_ = true;
  if (watched[0].revents != 0 || exited_) read_some();
  if (watched[3].revents != 0 && !input_broken_) write_some();
  return true;
}

bool Connection::await_exit(Clock::time_point deadline) {
  while (!exited_) {
    if (!step(deadline)) return false;
    taken_ = scanned_ = input_.size();
    if (output_ended_) child_.close_output();
  }
  return true;
}

}  // namespace kclhost::host::replay
