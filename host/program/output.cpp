#include "program/output.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "support/exit_code.hpp"

namespace kclhost::host::cli {

std::optional<OutputError> finish_output() {
  const bool failed_before = std::ferror(stdout) != 0;
  errno = 0;
  bool failed = std::fflush(stdout) != 0;
  int error = errno;
  // Some file systems tell only when a descriptor is closed that there was no room.
  if (const int copy = failed ? -1 : ::dup(STDOUT_FILENO); copy >= 0 && ::close(copy) != 0) {
    failed = true;
    error = errno;
  }
  if (!failed && !failed_before) return std::nullopt;
  std::string message = "can't write to standard output";
  if (error != 0) message += std::string(": ") + std::strerror(error);
  return OutputError{error == EPIPE ? exit_broken_pipe : exit_stopped, std::move(message)};
}

}  // namespace kclhost::host::cli
