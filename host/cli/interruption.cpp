#include "cli/interruption.hpp"

#include <sys/signalfd.h>

#include <cstring>

#include "support/second_thoughts.hpp"

namespace kclhost::host::cli {
namespace {

// Of those that a shell or nohup had this process ignore, nothing is to be heard.
sigset_t ending_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) {
    struct sigaction action {};
    if (::sigaction(number, nullptr, &action) == 0 && action.sa_handler != SIG_IGN) sigaddset(&signals, number);
  }
  return signals;
}

}  // namespace

Interruption::Interruption(EventLoop& loop) : loop_(loop) {
  const sigset_t signals = ending_signals();
  fd_.reset(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd_) return;
  ::sigprocmask(SIG_BLOCK, &signals, &before_);
  loop_.add(fd_.get(), [this] { on_signal(); });
}

Interruption::~Interruption() {
  if (!fd_) return;
  loop_.remove(fd_.get());
  // Those that nobody has seen were one too many.
  for (signalfd_siginfo seen{}; ::read(fd_.get(), &seen, sizeof seen) > 0;) {
  }
  ::sigprocmask(SIG_SETMASK, &before_, nullptr);
}

void Interruption::on_signal() {
  signalfd_siginfo seen{};
  if (::read(fd_.get(), &seen, sizeof seen) != sizeof seen) return;
  if (!wanted()) {
    signal_ = static_cast<int>(seen.ssi_signo);
    since_ = Clock::now();
  } else if (Clock::now() - since_ >= second_thoughts) {
    at_once_ = true;
  }
}

std::string Interruption::signal_name() const {
  const char* const name = ::sigabbrev_np(signal_);
  return name == nullptr ? "a signal" : std::string("SIG") + name;
}

}  // namespace kclhost::host::cli
