// The end of a session before the daemon asked for it.
#pragma once

#include <exception>
#include <string>

namespace kclhost::host::session {

// Thrown through the session up to run(). The daemon gets no status line, so nothing in flight is acknowledged.
class Stop : public std::exception {
 public:
  // `exit_code` as in support/exit_code.hpp; `message` is one line for a person, "" when it was logged already.
  Stop(int exit_code, std::string message) : exit_code_(exit_code), message_(std::move(message)) {}

  int exit_code() const { return exit_code_; }
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  int exit_code_;
  std::string message_;
};

}  // namespace kclhost::host::session
