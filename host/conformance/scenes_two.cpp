// Two instances in one process, called at the same time on threads of their own: as under kclhost/testing.hpp, and
// while one takes over from the other with isolation: none.
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <string>
#include <thread>

#include "conformance/caller.hpp"
#include "conformance/scenes.hpp"
#include "support/fd.hpp"
#include "support/write_all.hpp"

namespace kclhost::host::conformance {
namespace {

using namespace std::chrono_literals;

constexpr const char* two_instances = "two instances lived in one process";

// What one of them did; "" when all was well. What one instance says of records is told of elsewhere.
std::string what_went_wrong(Call call, const std::optional<Outcome>& outcome) {
  const std::string name(name_of(call));
  if (!outcome) return name + " did not return";
  if (outcome->ok() || call == Call::process_records) return "";
  return name + " failed: " + outcome->message;
}

std::string call_both(Caller& one, Caller& other, Call call, const Records& records = {}) {
  one.begin(call, records);
  other.begin(call, records);
  const std::string why = what_went_wrong(call, one.finish());
  return why.empty() ? what_went_wrong(call, other.finish()) : why;
}

std::string live_two(Play& play) {
  EventLoop loop;
  Caller one(loop, play.subject, Caller::In::this_process), other(loop, play.subject, Caller::In::this_process);
  for (Caller* caller : {&one, &other}) {
    if (!caller->load(play.subject.config_json)) return "it could not be loaded twice: " + caller->why_not_loaded();
  }
  std::string why;
  // One after the other: who makes a second instance may be told that there is one already.
  for (Caller* caller : {&one, &other}) {
    for (const Call call : {Call::create, Call::initialize}) {
      if (why.empty()) why = what_went_wrong(call, caller->call(call));
    }
  }
  for (int batch = 0; batch < 20 && why.empty(); ++batch) {
    why = call_both(one, other, Call::process_records, play.records.usual(50));
  }
  for (Caller* caller : {&one, &other}) {
    // The other one goes on without it.
    for (const Call call : {Call::process_records, Call::shutdown_requested, Call::lease_lost, Call::destroy}) {
      const Records records = play.records.usual(call == Call::process_records ? 50 : 0);
      if (why.empty()) why = what_went_wrong(call, caller->call(call, records));
    }
  }
  return why;
}

[[noreturn]] void live_two_and_end(Play& play, int out) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int nowhere = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(nowhere, standard);
  const std::string said = live_two(play) + "\n";
  ::_exit(write_all(out, said) ? 0 : 1);
}

// What it says, as far as that comes in time.
std::string listen(int fd, config::Milliseconds timeout) {
  const auto until = Clock::now() + timeout;
  std::string said;
  while (said.empty() || said.back() != '\n') {
    pollfd end{fd, POLLIN, 0};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
    if (left <= 0 || ::poll(&end, 1, static_cast<int>(left)) <= 0) break;
    char bytes[4096];
    const ssize_t size = ::read(fd, bytes, sizeof bytes);
    if (size <= 0) break;
    said.append(bytes, static_cast<std::size_t>(size));
  }
  return said;
}

// What goes wrong with one instance says nothing of two.
bool fails_alone(const Report& report) {
  return std::any_of(report.findings().begin(), report.findings().end(), [](const Finding& one) {
    return one.weight == Weight::fault &&
           (one.key.starts_with("died ") || one.key.starts_with("exit ") || one.key.starts_with("failed "));
  });
}

// How it has ended; what does not end by itself is ended.
int end_of(pid_t child) {
  int status = 0;
  const auto until = Clock::now() + 1s;
  while (::waitpid(child, &status, WNOHANG) == 0) {
    if (Clock::now() >= until) ::kill(child, SIGKILL);
    std::this_thread::sleep_for(5ms);
  }
  return status;
}

}  // namespace

void two_at_once(Play& play) {
  if (fails_alone(play.report)) return;
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return;
  const Fd in(ends[0]);
  Fd out(ends[1]);
  const pid_t child = ::fork();
  if (child == 0) live_two_and_end(play, out.get());
  out.reset();
  if (child < 0) return;
  // A call of each may hang.
  std::string said = listen(in.get(), 2 * play.subject.timeout + 10s);
  const bool finished = said.ends_with('\n');
  if (finished) said.pop_back();
  const int status = end_of(child);
  if (finished && said.empty()) return;
  if (said.empty()) {
    const int signal = WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL ? WTERMSIG(status) : 0;
    const char* const name = signal != 0 ? ::sigabbrev_np(signal) : nullptr;
    said = name != nullptr ? std::string("the process was killed by SIG") + name : "the process ended, or hung";
  }
  play.report.add({.key = "two instances",
                   .done = two_instances,
                   .did = said,
                   .mend = "keep what belongs to an instance in the instance, not in static variables"});
}

}  // namespace kclhost::host::conformance
