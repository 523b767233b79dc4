#include "run/own_fault.hpp"

#include <csignal>
#include <cstdlib>

namespace kclhost::host::run {
namespace {

// Never freed: a handler may run at any moment.
const std::vector<std::atomic<std::uint32_t>*>* the_marks = nullptr;

void mark() {
  for (std::atomic<std::uint32_t>* one : *the_marks) one->store(1);
}

void on_fatal_signal(int signal) {
  mark();
  ::signal(signal, SIG_DFL);
  ::raise(signal);
}

}  // namespace

void mark_own_faults(const std::vector<std::atomic<std::uint32_t>*>& marks) {
  the_marks = new std::vector(marks);
  for (const int signal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS}) {
    struct sigaction action {};
    action.sa_handler = &on_fatal_signal;
    action.sa_flags = SA_RESETHAND | SA_ONSTACK | SA_NODEFER;
    ::sigaction(signal, &action, nullptr);
  }
  // The host itself ends by _exit.
  std::atexit(mark);
}

}  // namespace kclhost::host::run
