// The lines of a file, whatever their length.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "support/fd.hpp"
#include "support/result.hpp"

namespace kclhost::host::replay {

class LineSource {
 public:
  // `file` may be "-", standard input.
  static Result<LineSource> open(const std::string& file);

  // The next line without its newline; a NUL follows it, and it may be written to. Gone with the next call. Nothing at
  // the end, or when reading failed: see error().
  std::optional<std::span<char>> next();

  const std::optional<Error>& error() const { return error_; }
  // "FILE:LINE: message" for the line last returned.
  Error at_line(const std::string& message) const;
  const std::string& name() const { return name_; }

 private:
  LineSource(Fd fd, std::string name) : fd_(std::move(fd)), name_(std::move(name)), buffer_(1 << 20) {}

  Fd fd_;
  std::string name_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0, end_ = 0;  // what was read and not returned
  std::size_t line_ = 0;
  bool ended_ = false;
  std::optional<Error> error_;
};

}  // namespace kclhost::host::replay
