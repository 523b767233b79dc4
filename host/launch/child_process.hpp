// What those who look after child processes have in common.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace kclhost::host::launch {

// What a child does first, between fork and exec. A process group of its own, no signals blocked, and
// `at_parents_death` when the parent, which forked it, has ended. Nothing is on its standard input. Ends the process
// where the parent has ended already.
void begin_child(pid_t parent, int at_parents_death);

// The same for a program of somebody else's, which reports on `out` and `err`: signals that we ignore it does not.
void begin_program(pid_t parent, int out, int err);

// For exec: the words themselves, and a null behind them. They must outlive it.
std::vector<char*> argument_vector(const std::vector<std::string>& words);

// How long to wait before what has ended is started again: a second, then twice as long each time, and a minute at
// most. Once it has lived for a minute it was well, and the next pause is the first again.
class RestartPauses {
 public:
  std::chrono::seconds after(std::chrono::steady_clock::duration life);

 private:
  int soon_ended_ = 0;
};
// And where no process is to be had.
inline constexpr std::chrono::seconds pause_without_process{60};

// "was killed by SIGKILL", "was killed by signal 34", which has no name, "ended with exit status 1": what a child's
// name goes before.
std::string describe_end(int wait_status);

// A line for the log before kill_children(): how many this process has, which had not ended `linger` after `what` had,
// and the names of ten at most. Empty where it has none.
std::string tell_of_killing(std::string_view what, std::chrono::milliseconds linger);

// Kills all children of this process; what they leave behind becomes its child, where it is a subreaper.
void kill_children();

}  // namespace kclhost::host::launch
