#include "replay/child.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace kclhost::host::replay {
namespace {

struct Pipe {
  Fd reader, writer;
};

std::optional<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return std::nullopt;
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

// What the child gets: our descriptors and nothing of our signal mask.
class SpawnSetup {
 public:
  SpawnSetup(int standard_input, int standard_output) {
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, standard_input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, standard_output, STDOUT_FILENO);
    posix_spawnattr_init(&attributes);
    sigset_t none, defaults;
    sigemptyset(&none);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  SpawnSetup(const SpawnSetup&) = delete;
  SpawnSetup& operator=(const SpawnSetup&) = delete;
  ~SpawnSetup() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
};

}  // namespace

bool Exit::clean() const {
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int Exit::signal() const {
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

std::string Exit::str() const {
  if (WIFEXITED(status)) return "exit code " + std::to_string(WEXITSTATUS(status));
  return "signal " + std::to_string(WTERMSIG(status)) + " (" + ::strsignal(WTERMSIG(status)) + ")";
}

Result<Child> Child::start(const std::vector<std::string>& command, int pipe_size) {
  auto input = make_pipe();
  auto output = make_pipe();
  if (!input || !output) return Error{std::string("no pipe for the child: ") + std::strerror(errno)};
  if (pipe_size > 0) ::fcntl(input->writer.get(), F_SETPIPE_SZ, pipe_size);
  ::fcntl(input->writer.get(), F_SETFL, O_NONBLOCK);
  ::fcntl(output->reader.get(), F_SETFL, O_NONBLOCK);

  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const SpawnSetup setup(input->reader.get(), output->writer.get());
  Child child;
  const int error =
      ::posix_spawnp(&child.pid_, arguments[0], &setup.actions, &setup.attributes, arguments.data(), environ);
  if (error != 0) {
    child.pid_ = -1;
    return Error{"cannot start '" + command[0] + "': " + std::strerror(error) + "; check the command"};
  }
  // glibc 2.36 declares pidfd_open for C alone.
  child.process_.reset(static_cast<int>(::syscall(SYS_pidfd_open, child.pid_, 0)));
  if (!child.process_) {
    return Error{std::string("cannot watch the child: the system call pidfd_open: ") + std::strerror(errno) +
                 "; Linux has it from 5.3 on, and a container needs a seccomp profile that allows it"};
  }
  child.input_ = std::move(input->writer);
  child.output_ = std::move(output->reader);
  return child;
}

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      input_(std::move(other.input_)),
      output_(std::move(other.output_)),
      process_(std::move(other.process_)) {}

Child::~Child() {
  if (pid_ < 0) return;
  signal(SIGKILL);
  wait();
}

void Child::signal(int number) {
  if (pid_ > 0) ::kill(-pid_, number);
}

Exit Child::wait() {
  Exit exit;
  while (pid_ > 0 && ::wait4(pid_, &exit.status, 0, &exit.usage) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return exit;
}

}  // namespace kclhost::host::replay
