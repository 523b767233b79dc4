#include "worker/death.hpp"

#include <cstdio>

#include "worker/stack.hpp"

namespace kclhost::host::worker {
namespace {

std::string killed_by(int signal, const CrashRecord& crash) {
  std::string message = "killed by " + signal_name(signal);
  if (crash.signal != 0 && (signal == SIGSEGV || signal == SIGBUS)) {
    char address[32];
    std::snprintf(address, sizeof address, " at address 0x%llx", static_cast<unsigned long long>(crash.fault_address));
    message += address;
  }
  if (signal == SIGKILL) message += " (by the kernel, when memory ran out, or by a person)";
  return message;
}

}  // namespace

Death death_of(const siginfo_t& info, const CrashRecord& crash) {
  Death death;
  death.detail = info.si_status;
  death.kind = Death::Kind::exit;
  if (info.si_code == CLD_KILLED || info.si_code == CLD_DUMPED) {
    death.kind = Death::Kind::signal;
    death.message = killed_by(death.detail, crash);
    if (info.si_code == CLD_DUMPED) death.message += " (core dumped)";
  } else if (info.si_code == CLD_EXITED) {
    death.message = "ended by exit(" + std::to_string(death.detail) + ")";
  } else {
    death.message = "ended, and the system does not say how (kclhost was started with SIGCHLD ignored)";
  }
  return death;
}

}  // namespace kclhost::host::worker
