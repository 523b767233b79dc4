#include "launch/child_process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "worker/stack.hpp"

namespace kclhost::host::launch {

void begin_child(pid_t parent, int at_parents_death) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, at_parents_death);
  if (::getppid() != parent) ::_exit(1);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  const int null = ::open("/dev/null", O_RDONLY);
  if (null > STDIN_FILENO) ::dup2(null, STDIN_FILENO), ::close(null);
}

void begin_program(pid_t parent, int out, int err) {
  begin_child(parent, SIGTERM);
  for (const int ignored : {SIGPIPE, SIGXFSZ}) ::signal(ignored, SIG_DFL);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(err, STDERR_FILENO);
}

std::vector<char*> argument_vector(const std::vector<std::string>& words) {
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  return arguments;
}

std::chrono::seconds RestartPauses::after(std::chrono::steady_clock::duration life) {
  constexpr std::chrono::seconds first{1}, longest{60}, healthy{60};
  if (life >= healthy) soon_ended_ = 0;
  return std::min<std::chrono::seconds>(first * (1 << std::min(soon_ended_++, 6)), longest);
}

std::string describe_end(int wait_status) {
  if (WIFSIGNALED(wait_status)) return "was killed by " + worker::signal_name(WTERMSIG(wait_status));
  return "ended with exit status " + std::to_string(WEXITSTATUS(wait_status));
}

void kill_children() {
  const std::string self = std::to_string(::getpid());
  std::ifstream children("/proc/self/task/" + self + "/children");
  for (pid_t child; children >> child;) ::kill(child, SIGKILL);
}

}  // namespace kclhost::host::launch
