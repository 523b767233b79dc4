// What the system said when it refused something, with the cure where there is one.
#pragma once

#include <cerrno>
#include <string>
#include <system_error>

#include "support/result.hpp"

namespace kclhost::host::worker {

inline std::string refusal(int error) {
  std::string text = std::generic_category().message(error);
  if (error == EAGAIN) text += "; see the limits of processes and threads (ulimit -u, the container's pids limit)";
  if (error == EMFILE || error == ENFILE) text += "; see the limit of open files (ulimit -n)";
  if (error == ENOMEM) text += "; see the limits of memory";
  return text;
}

// "a worker can't be started: fork: ..."
inline Error no_worker(const char* what, const std::string& why) {
  return {std::string("a worker can't be started: ") + what + ": " + why};
}

}  // namespace kclhost::host::worker
