#include "run/hangup.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <system_error>

namespace kclhost::host::run {
namespace {

std::atomic<int> signalled{-1};

void signal_comes(int) {
  const int error = errno;
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(signalled, &one, sizeof one);
  errno = error;
}

}  // namespace

Hangup::Hangup() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!fd_) throw std::system_error(errno, std::generic_category(), "eventfd");
  signalled = fd_.get();
  struct sigaction action {};
  action.sa_handler = signal_comes;
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGHUP, &action, &before_);
}

Hangup::~Hangup() {
  ::sigaction(SIGHUP, &before_, nullptr);
  signalled = -1;
}

void Hangup::take() const {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto taken = ::read(fd_.get(), &count, sizeof count);
}

}  // namespace kclhost::host::run
