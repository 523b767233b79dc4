#include "launch/run_program.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "launch/child_process.hpp"
#include "launch/files.hpp"
#include "support/fd.hpp"

namespace kclhost::host::launch {

Result<Ran> run_program(const std::vector<std::string>& words) {
  const std::vector<char*> arguments = argument_vector(words);
  const Fd output(::memfd_create("output", MFD_CLOEXEC));
  if (!output) return Error{std::string("memfd_create: ") + std::strerror(errno)};
  const pid_t child = ::fork();
  if (child < 0) return Error{std::string("cannot start another process: ") + std::strerror(errno)};
  if (child == 0) {
    const int null = ::open("/dev/null", O_RDONLY);
    if (null >= 0) ::dup2(null, STDIN_FILENO);
    ::dup2(output.get(), STDOUT_FILENO);
    ::dup2(output.get(), STDERR_FILENO);
    ::execv(arguments.front(), arguments.data());
    ::_exit(127);
  }
  Ran ran;
  while (::waitpid(child, &ran.wait_status, 0) < 0) {
    if (errno != EINTR) return Error{words.front() + ": how it ended can't be told: " + std::strerror(errno)};
  }
  ran.output = read_file("/proc/self/fd/" + std::to_string(output.get())).value_or("");
  return ran;
}

}  // namespace kclhost::host::launch
