// The way out for lines: a descriptor that may not take any for a while, and a bounded buffer in front of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "observe/log_file.hpp"
#include "support/fd.hpp"

namespace kclhost::host::observe {

// Never waits for a reader. A line is passed on whole or not at all, as far as that is in our hands; what does not fit
// is dropped and counted, and a line says how many were dropped once there is room again. Not thread-safe. Errors of
// the descriptor cost lines and nothing else.
class Outlet {
 public:
  // The line that stands for so many dropped ones, in the form that the lines have. `why`: what is wrong with a file;
  // empty where nobody read.
  using Notice = std::function<std::string(std::uint64_t dropped, std::string_view why)>;

  static constexpr std::size_t standard_capacity = 256 * 1024;

  // No descriptor: every line is dropped.
  Outlet() = default;

  // Lines to a descriptor, which stays the caller's, must outlive this, and keeps its flags: those who share it see no
  // change. A regular file is written to at once, since it takes all there is.
  static Outlet to_descriptor(int fd, Notice notice, std::size_t capacity = standard_capacity);

  // Each line as a datagram, without its newline. Owns the connected socket.
  static Outlet to_socket(Fd socket, Notice notice, std::size_t capacity = standard_capacity);

  // Lines to a file, at once.
  static Outlet to_file(LogFile file, Notice notice);

  // Takes a line, with its newline, and passes on what the descriptor takes now. Beyond the capacity lines are dropped;
  // however long one is, it is taken while no more than half of that waits.
  void write(std::string line);

  // Passes on what the descriptor takes now.
  void flush();

  // Drops what waits and counts it, but for the rest of a line that is begun: what is passed on next says how many.
  void drop_waiting();

  // Whether lines wait. Then fd() is worth polling for POLLOUT, and flush() worth calling.
  bool pending() const { return !lines_.empty(); }
  int fd() const { return own_ ? own_.get() : fd_; }
  std::size_t waiting_bytes() const { return bytes_ - front_sent_; }

  // Of a socket: whether its reader is gone for good. take_lines() then gives what could not be passed on.
  bool broken() const { return broken_; }
  std::deque<std::string> take_lines();

 private:
  enum class Kind { none, direct, file, non_blocking, polled, stream_socket, datagram_socket };
  enum class Sent { all, later, failed };

  Sent send_front();
  void give_notice();
  void remove_front();

  Kind kind_ = Kind::none;
  int fd_ = -1;
  Fd own_;  // a description of our own of what fd_ is, or the socket
  std::optional<LogFile> file_;
  std::string why_;  // the file's last error
  Notice notice_;
  std::size_t capacity_ = 0;
  std::deque<std::string> lines_;
  std::size_t bytes_ = 0;       // of lines_, what is sent of the first one included
  std::size_t front_sent_ = 0;  // of the first line
  std::uint64_t dropped_ = 0;   // since the last notice
  std::uint64_t in_notice_ = 0;
  bool notice_waits_ = false;  // it is the last of lines_
  bool broken_ = false;
};

}  // namespace kclhost::host::observe
