// Goes wrong as its config says: {"fault": FAULT, "in": PLACE}. PLACE is one of the calls below; in process_records the
// fault waits for a record whose data is "poison".
#include <fcntl.h>
#include <rapidjson/document.h>
#include <sys/resource.h>
#include <unistd.h>

// A release build has assertions here, too.
#undef NDEBUG
#include <cassert>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <kclhost/record_processor.hpp>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "crash.hpp"

namespace {

[[noreturn]] void sleep_for_ever() {
  while (true) pause();
}

void overflow_stack(volatile char* above) {
  volatile char frame[4096];
  frame[0] = above == nullptr ? char{1} : above[0];
  if (frame[0] == 1) overflow_stack(frame);
  frame[1] = frame[0];
}

void throw_nested() {
  try {
    throw std::runtime_error("inner cause");
  } catch (...) {
    std::throw_with_nested(std::runtime_error("outer failure"));
  }
}

void print_everywhere() {
  std::printf("{\"action\":\"status\",\"responseFor\":\"printf\"}\n");
  std::fflush(stdout);
  std::cout << R"({"action":"status","responseFor":"cout"})" << std::endl;
  constexpr char text[] = "{\"action\":\"status\",\"responseFor\":\"write\"}\n";
  if (::write(1, text, sizeof text - 1) < 0) std::perror("write");
  std::fputs("printed to standard error\n", stderr);
}

void fork_a_child() {
  if (::fork() == 0) {
    ::alarm(600);  // should nobody end it
    sleep_for_ever();
  }
}

void fill_memory() {
  rlimit limit{512 << 20, 512 << 20};  // so that the machine does not suffer
  ::setrlimit(RLIMIT_AS, &limit);
  std::vector<std::string> hoard;
  while (true) hoard.emplace_back(1 << 20, 'x');
}

void tighten_limits() {
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_NOFILE, &none);
  ::setrlimit(RLIMIT_FSIZE, &none);
}

void take_signals() {
  for (int signal = 1; signal < NSIG; ++signal) std::signal(signal, SIG_IGN);
}

void crash_later() {
  std::thread([] {
    ::usleep(200'000);
    crash();
  }).detach();
}

void break_the_heap() {
  void* volatile block = std::malloc(4000);  // too large for the allocator's caches
  std::free(block);
  std::free(block);
}

// What the address sanitizer prints, shortened; then it ends the process.
void report_as_a_sanitizer() {
  std::fputs("==7==ERROR: AddressSanitizer: heap-use-after-free on address 0x602000000010\n", stderr);
  for (int i = 0; i < 20; ++i) std::fprintf(stderr, "    #%d 0x7f0000000000 in somebody\n", i);
  std::fputs("\nSUMMARY: AddressSanitizer: heap-use-after-free plugin.cpp:12 in process_records\n", stderr);
  for (int i = 0; i < 20; ++i) std::fputs("  Shadow byte legend\n", stderr);
  std::fputs("==7==ABORTING\n", stderr);
  ::_exit(1);
}

void fail_an_assertion() {
  volatile int sorted = 0;
  assert(sorted == 1);
}

// No UTF-8, a control character, and what JSON must escape.
void print_bytes() {
  std::fputs("\xff\xfe\x01\"\\\n", stderr);
  std::abort();
}

void throw_invalid_argument() {
  throw std::invalid_argument("thrown where nothing may be");
}

void throw_in_noexcept() noexcept {
  throw_invalid_argument();
}

using Fault = void (*)();

const std::map<std::string, Fault>& faults() {
  static const std::map<std::string, Fault> all{
      {"throw", [] { throw std::runtime_error("thrown on purpose"); }},
      {"throw_nested", throw_nested},
      {"throw_int", [] { throw 42; }},
      {"throw_on_thread", [] { std::thread([] { throw std::runtime_error("thrown on a thread"); }).join(); }},
      {"throw_in_noexcept", throw_in_noexcept},
      {"assert", fail_an_assertion},
      {"break_the_heap", break_the_heap},
      {"sanitizer", report_as_a_sanitizer},
      {"print_bytes", print_bytes},
      {"trap", [] { ::raise(SIGTRAP); }},
      {"quit", [] { ::raise(SIGQUIT); }},
      {"leave_thread", [] { std::thread(sleep_for_ever).detach(); }},
      {"exit", [] { std::exit(3); }},
      {"_exit", [] { ::_exit(4); }},
      {"exit_0", [] { ::_exit(0); }},
      {"abort", [] { std::abort(); }},
      {"segv", crash},
      {"segv_later", crash_later},
      {"kill", [] { ::raise(SIGKILL); }},
      {"hang", [] { sleep_for_ever(); }},
      {"hang_unkillable", [] { take_signals(), sleep_for_ever(); }},
      {"fill_memory", fill_memory},
      {"overflow_stack", [] { overflow_stack(nullptr); }},
      {"print", print_everywhere},
      {"close_descriptors",
       [] {
         for (int fd = 0; fd <= 10; ++fd) ::close(fd);
       }},
      {"fork", fork_a_child},
      {"signal_group", [] { ::kill(0, SIGTERM), ::kill(0, SIGINT); }},
      {"take_signals", take_signals},
      {"chdir",
       [] {
         if (::chdir("/") != 0) std::perror("chdir");
       }},
      {"tighten_limits", tighten_limits},
  };
  return all;
}

class Misbehave final : public kclhost::RecordProcessor {
 public:
  explicit Misbehave(kclhost::Context& context) : context_(context) {
    rapidjson::Document config;
    config.Parse(context.config_json().data(), context.config_json().size());
    fault_ = config["fault"].GetString();
    place_ = config["in"].GetString();
    at("constructor");
  }
  ~Misbehave() override { at("destructor"); }

  void initialize(const kclhost::Initialization&) override { at("initialize"); }
  void process_records(const kclhost::Batch& batch) override {
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const kclhost::Record record = batch[i];
      if (record.data() != "poison" || place_ != "process_records") continue;
      if (fault_ == "partial") throw kclhost::BatchFailure("poison at " + std::to_string(i)).done(i);
      if (fault_ == "write_to_record") const_cast<char&>(record.data()[0]) = 'P';
      at("process_records");
    }
    context_.log_info("accepted " + std::to_string(batch.size()));
  }
  void shard_ended() override { at("shard_ended"); }
  void lease_lost() override { at("lease_lost"); }
  void shutdown_requested() override { at("shutdown_requested"); }

 private:
  void at(const char* place) {
    if (place_ != place) return;
    const auto found = faults().find(fault_);
    if (found != faults().end()) found->second();
  }

  kclhost::Context& context_;
  std::string fault_;
  std::string place_;
};

}  // namespace

KCLHOST_PLUGIN(Misbehave, "zoo.misbehave", "6.6.6")
