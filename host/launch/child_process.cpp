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
namespace {

std::vector<pid_t> own_children() {
  std::ifstream file("/proc/self/task/" + std::to_string(::getpid()) + "/children");
  std::vector<pid_t> pids;
  for (pid_t pid; file >> pid;) pids.push_back(pid);
  return pids;
}

}  // namespace

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

std::string tell_of_killing(std::string_view what, std::chrono::milliseconds linger) {
  constexpr std::size_t most_names = 10;
  const std::vector<pid_t> pids = own_children();
  if (pids.empty()) return {};
  const std::size_t named = std::min(pids.size(), most_names);
  std::string line = "killed " + std::to_string(pids.size()) + (pids.size() == 1 ? " process" : " processes") +
                     " that had not ended " + std::to_string(linger.count()) + " ms after " + std::string(what);
  for (std::size_t i = 0; i < named; ++i) {
    const std::string pid = std::to_string(pids[i]);
    std::string name;
    std::getline(std::ifstream("/proc/" + pid + "/comm"), name);
    line += (i == 0 ? ": " : ", ") + name + " (pid " + pid + ")";
  }
  return line + (named < pids.size() ? ", and " + std::to_string(pids.size() - named) + " more" : "");
}

void kill_children() {
  for (const pid_t child : own_children()) ::kill(child, SIGKILL);
}

}  // namespace kclhost::host::launch
