// Hands on what a process writes, line by line, and looks at each line on its way.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "support/fd.hpp"
#include "support/result.hpp"

namespace kclhost::host::launch {

// The read end of a pipe whose write end is a child's standard output or error. Not thread-safe.
class LineRelay {
 public:
  // Called with each line, without its newline, before it is handed on.
  using Watcher = std::function<void(std::string_view line)>;

  // Lines go to `out`, which stays the caller's, each in one write.
  static Result<LineRelay> open(int out, Watcher watcher);

  int fd() const { return reader_.get(); }
  // The write end, for the child; close_writer once the child has it, or the end never comes.
  int writer() const { return writer_.get(); }
  void close_writer() { writer_.reset(); }

  // Hands on what has arrived, as far as it is whole lines; at the end, and of a line longer than anybody reads, what
  // there is of it. False when nothing had arrived or the end has come.
  bool forward();
  bool ended() const { return ended_; }

 private:
  LineRelay() = default;
  void pass_lines();
  void pass(std::size_t size);

  Fd reader_, writer_;
  int out_ = -1;
  Watcher watcher_;
  std::string pending_;
  bool ended_ = false;
};

// Writes all of it, waiting where somebody has made `out` non-blocking. A log that nobody reads is no reason to stop:
// errors are ignored.
void write_out(int out, std::string_view text);

}  // namespace kclhost::host::launch
