// Hands on what a process writes, line by line.
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
  // Called with each line, with its newline, or with what there is of it. Says whether it takes another one now.
  using Taker = std::function<bool(std::string_view line)>;

  static Result<LineRelay> open(Taker taker);

  int fd() const { return reader_.get(); }
  // The write end, for the child; close_writer once the child has it, or the end never comes.
  int writer() const { return writer_.get(); }
  void close_writer() { writer_.reset(); }

  // Hands on what has arrived, as far as it is whole lines and the taker goes on; at the end, and of a line longer than
  // anybody reads, what there is of it. False when nothing had arrived or the end has come.
  bool forward();
  // Hands on what the taker had no room for. False when it has none again.
  bool pass_lines();
  bool ended() const { return ended_; }

 private:
  LineRelay() = default;
  bool pass(std::size_t size);

  Fd reader_, writer_;
  Taker taker_;
  std::string pending_;
  bool ended_ = false;
};

}  // namespace kclhost::host::launch
