#include "processor/crash.hpp"

#include <dlfcn.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unwind.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>

#include "plugin/elf.hpp"

namespace kclhost::host::processor {
namespace {

CrashRecord* the_record = nullptr;
const void* program_base = nullptr;
// What the program's own frames say instead of its path.
constexpr char program[] = "kclhost";

constexpr int fatal_signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS};
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

// Neither the unwinder nor dladdr is async-signal-safe by promise. Both were called once before, so that what they set
// up at their first call is there, and a process that hangs here is killed by the host a moment later.
void on_fatal_signal(int signal, siginfo_t* info, void* context) {
  static std::atomic_flag entered;
  if (!entered.test_and_set()) {
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
        const char* const name = module.dli_fbase == program_base ? program : module.dli_fname;
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

const std::string& contents(const std::string& path, std::map<std::string, std::string>& files) {
  const auto [at, is_new] = files.try_emplace(path);
  if (is_new) {
    std::ifstream in(path, std::ios::binary);
    at->second.assign(std::istreambuf_iterator<char>(in), {});
  }
  return at->second;
}

}  // namespace

void record_crashes(CrashRecord& record) {
  the_record = &record;
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

std::vector<std::string> describe_stack(const CrashRecord& record, const std::string& staged_path,
                                        const std::string& plugin_path) {
  std::vector<std::string> lines;
  std::map<std::string, std::string> files;
  const std::uint32_t count = std::min(record.frame_count, CrashRecord::most_frames);
  for (std::uint32_t i = 0; i < count; ++i) {
    const CrashRecord::Frame& frame = record.frames[i];
    std::string module(frame.module, ::strnlen(frame.module, sizeof frame.module));
    if (!module.empty() && staged_path.ends_with(module)) module = staged_path;  // it may have been cut
    // Below the plugin's: they tell nothing, and the program's symbols are many.
    const bool own = module == program;
    if (own && !lines.empty()) break;
    const std::uint64_t offset = frame.address - frame.base;
    // A return address lies behind its call, which may be its function's last instruction.
    const bool returns_here = frame.address != record.instruction;
    std::string function =
        own || module.empty() ? "" : plugin::function_at(contents(module, files), offset - returns_here);
    if (function.empty()) {
      char text[32];
      std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(offset));
      function = text;
    }
    const std::string& name = module == staged_path ? plugin_path : module;
    lines.push_back(function + " in " + name.substr(name.rfind('/') + 1));
  }
  return lines;
}

std::string signal_name(int signal) {
  const char* name = ::sigabbrev_np(signal);
  return name != nullptr ? std::string("SIG") + name : "signal " + std::to_string(signal);
}

}  // namespace kclhost::host::processor
