#include "worker/crash.hpp"

#include <dlfcn.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <ucontext.h>
#include <unistd.h>
#include <unwind.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <iterator>

namespace kclhost::host::worker {
namespace {

CrashRecord* the_record = nullptr;
const void* program_base = nullptr;
pid_t the_process = 0;
CoreDumps may_dump = CoreDumps::yes;

// Those that leave a core file by default, but for SIGXFSZ, which the worker outlives.
constexpr int fatal_signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS, SIGTRAP, SIGQUIT, SIGXCPU};
constexpr std::size_t handler_stack_size = 64 * 1024;

std::uint64_t interrupted_instruction(const void* context) {
  const mcontext_t& machine = static_cast<const ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
  return static_cast<std::uint64_t>(machine.gregs[REG_RIP]);
#else
  return machine.pc;
#endif
}

struct Addresses {
  void** at;
  void** end;
};

_Unwind_Reason_Code add_frame(_Unwind_Context* context, void* to) {
  auto& addresses = *static_cast<Addresses*>(to);
  const std::uintptr_t address = _Unwind_GetIP(context);
  if (addresses.at == addresses.end || address == 0) return _URC_END_OF_STACK;
  *addresses.at++ = reinterpret_cast<void*>(address);
  return _URC_NO_REASON;
}

// The C library's backtrace does this, with an unwinder that it loads at its first call: a tenth of a worker's start.
void** read_stack(void** begin, void** end) {
  Addresses addresses{begin, end};
  _Unwind_Backtrace(add_frame, &addresses);
  return addresses.at;
}

// As late as this, because what the plugin starts inherits the limit. A system call and no more: safe in a handler.
void forbid_core_file() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_CORE, &limit) != 0) return;
  limit.rlim_cur = 0;
  ::setrlimit(RLIMIT_CORE, &limit);
}

// Neither the unwinder nor dladdr is async-signal-safe by promise. Both were called once before, so that what they set
// up at their first call is there, and a process that hangs here is killed by the host a moment later.
void on_fatal_signal(int signal, siginfo_t* info, void* context) {
  if (may_dump == CoreDumps::no) forbid_core_file();
  static std::atomic_flag entered;
  // A child of the worker has the same page.
  if (::getpid() == the_process && !entered.test_and_set()) {
    CrashRecord& record = *the_record;
    void* addresses[CrashRecord::most_frames];
    void** const end = read_stack(addresses, addresses + CrashRecord::most_frames);
    record.fault_address = reinterpret_cast<std::uint64_t>(info->si_addr);
    record.instruction = interrupted_instruction(context);
    // On top are this function's own frames and the kernel's trampoline.
    void** first = std::find(addresses, end, reinterpret_cast<void*>(record.instruction));
    if (first == end) first = addresses;
    const int count = static_cast<int>(end - first);
    for (int i = 0; i < count; ++i) {
      CrashRecord::Frame& frame = record.frames[i];
      frame.address = reinterpret_cast<std::uint64_t>(first[i]);
      Dl_info module{};
      if (::dladdr(first[i], &module) != 0 && module.dli_fname != nullptr) {
        frame.base = reinterpret_cast<std::uint64_t>(module.dli_fbase);
        const char* const name = module.dli_fbase == program_base ? program_module : module.dli_fname;
        const std::size_t length = std::strlen(name);
        const std::size_t skipped = length < sizeof frame.module ? 0 : length - sizeof frame.module + 1;
        std::memcpy(frame.module, name + skipped, length - skipped + 1);
      }
      record.frame_count = static_cast<std::uint32_t>(i + 1);
    }
    record.signal.store(signal);
  }
  ::signal(signal, SIG_DFL);
  ::raise(signal);
}

}  // namespace

void record_crashes(CrashRecord& record, CoreDumps core_dumps) {
  the_record = &record;
  may_dump = core_dumps;
  the_process = ::getpid();
  Dl_info own{};
  if (::dladdr(reinterpret_cast<void*>(&record_crashes), &own) != 0) program_base = own.dli_fbase;
  void* warm_up[2];
  read_stack(warm_up, std::end(warm_up));
  // A stack of its own, or an overflow of the stack could not be reported. Kept for the life of the process.
  stack_t stack{};
  stack.ss_size = handler_stack_size;
  stack.ss_sp = ::mmap(nullptr, stack.ss_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (stack.ss_sp != MAP_FAILED) ::sigaltstack(&stack, nullptr);
  struct sigaction action {};
  action.sa_sigaction = &on_fatal_signal;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESETHAND;
  for (const int signal : fatal_signals) ::sigaction(signal, &action, nullptr);
}

}  // namespace kclhost::host::worker
