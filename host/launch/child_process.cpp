#include "launch/child_process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <fstream>
#include <string>

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

void kill_children() {
  const std::string self = std::to_string(::getpid());
  std::ifstream children("/proc/self/task/" + self + "/children");
  for (pid_t child; children >> child;) ::kill(child, SIGKILL);
}

}  // namespace kclhost::host::launch
