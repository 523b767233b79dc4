// The process a replay talks to.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "support/fd.hpp"
#include "support/result.hpp"

namespace kclhost::host::replay {

// How a process ended, and what it and the descendants it waited for have used.
struct Exit {
  int status = 0;  // as waitpid gives it
  rusage usage{};

  bool clean() const;
  int signal() const;       // 0: it ended by itself
  std::string str() const;  // "exit code 3", "signal 9 (Killed)"
};

// Leads a process group of its own, so that a terminal's Ctrl-C reaches the replay alone. Killed and reaped by the
// destructor if it still runs.
class Child {
 public:
  // Finds command[0] in PATH. Its standard error is ours. `pipe_size` is for its standard input, bytes; 0, and what the
  // system refuses, leaves the default.
  static Result<Child> start(const std::vector<std::string>& command, int pipe_size);

  Child(Child&& other) noexcept;
  Child& operator=(Child&&) = delete;
  ~Child();

  pid_t pid() const { return pid_; }
  int input() const { return input_.get(); }      // non-blocking; what we write
  int output() const { return output_.get(); }    // non-blocking; what we read
  int process() const { return process_.get(); }  // readable once the child has ended

  void close_input() { input_.reset(); }
  void close_output() { output_.reset(); }
  // To the whole group.
  void signal(int number);
  // Waits until it has ended.
  Exit wait();

 private:
  Child() = default;

  pid_t pid_ = -1;  // -1 once reaped
  Fd input_, output_, process_;
};

}  // namespace kclhost::host::replay
