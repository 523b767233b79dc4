// A program that is run for what it does, not for a user to see.
#pragma once

#include <string>
#include <vector>

#include "support/result.hpp"

namespace kclhost::host::launch {

struct Ran {
  int wait_status = 0;  // as waitpid gives it
  std::string output;   // standard output and standard error, in the order they were written
};

// Runs `words`, the program's path first, to its end; its standard input is empty. Waits as long as that takes. Fails
// when no process can be started, or when this process is not told how its children end, because it ignores SIGCHLD; a
// file that can't be executed ends with status 127.
Result<Ran> run_program(const std::vector<std::string>& words);

}  // namespace kclhost::host::launch
