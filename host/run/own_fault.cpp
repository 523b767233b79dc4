#include "run/own_fault.hpp"

#include <csignal>
#include <cstdlib>
#include <utility>

namespace kclhost::host::run {
namespace {

using Marks = std::vector<std::atomic<std::uint32_t>*>;

std::atomic<const Marks*> the_marks = nullptr;

void mark() {
  if (const Marks* marks = the_marks.load()) {
    for (std::atomic<std::uint32_t>* one : *marks) one->store(1);
  }
}

void on_fatal_signal(int signal) {
  mark();
  ::signal(signal, SIG_DFL);
  ::raise(signal);
}

}  // namespace

OwnFaults::OwnFaults(Marks marks) : marks_(std::move(marks)) {
  the_marks = &marks_;
  for (const int signal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS}) {
    struct sigaction action {};
    action.sa_handler = &on_fatal_signal;
    action.sa_flags = SA_RESETHAND | SA_ONSTACK | SA_NODEFER;
    ::sigaction(signal, &action, nullptr);
  }
  std::atexit(mark);
}

OwnFaults::~OwnFaults() {
  the_marks = nullptr;
}

}  // namespace kclhost::host::run
