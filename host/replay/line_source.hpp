// The lines of a file, whatever their length.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "support/fd.hpp"
#include "support/result.hpp"

namespace kclhost::host::replay {

class LineSource {
 public:
  using OnWait = std::function<void(const std::string& name)>;

  // `file` may be "-", standard input. `on_wait` is told once, by the source's name, when there is nothing to read for
  // a second, or at once when it is a terminal; it may be empty.
  static Result<LineSource> open(const std::string& file, OnWait on_wait = {});

  // The next line without its newline; a NUL follows it, and it may be written to. Gone with the next call. Nothing at
  // the end, or when reading failed: see error().
  std::optional<std::span<char>> next();

  const std::optional<Error>& error() const { return error_; }
  // "FILE:LINE: message" for the line last returned.
  Error at_line(const std::string& message) const;
  const std::string& name() const { return name_; }

 private:
  LineSource(Fd fd, std::string name, OnWait on_wait)
      : fd_(std::move(fd)), name_(std::move(name)), on_wait_(std::move(on_wait)), buffer_(1 << 16) {}

  void tell_of_wait();

  Fd fd_;
  std::string name_;
  OnWait on_wait_;  // empty once it was told
  std::vector<char> buffer_;
  std::size_t begin_ = 0, end_ = 0;  // what was read and not returned
  std::size_t line_ = 0;
  bool ended_ = false;
  std::optional<Error> error_;
};

}  // namespace kclhost::host::replay
