// Lines of a file or a pipe.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "support/fd.hpp"

namespace kclhost::host::put {

class LineReader {
 public:
  static constexpr std::size_t max_line = 64u << 20;

  // name: for errors. Takes the descriptor.
  LineReader(Fd fd, std::string name);

  // The next line without its newline, valid until the next call; empty optional at the end. The last line may lack its
  // newline. Once a stop is requested (StopSignals) nothing more is read: the end is where the whole lines end that
  // were read before. Throws InputError.
  std::optional<std::string_view> next();

  // Whether next() can return without waiting longer than this for input.
  bool ready(std::chrono::milliseconds patience);

  // Whether a stop was requested before the end of the input was seen, and whether a line had begun by then.
  bool stopped() const { return stopped_; }
  bool left_over() const { return stopped_ && begin_ != buffer_.size(); }

  std::size_t line_number() const { return line_number_; }  // of the line next() returned last
  const std::string& name() const { return name_; }
  std::string where() const;  // FILE:LINE

 private:
  void fill();
  std::size_t find_newline();

  Fd fd_;
  std::string name_;
  std::string buffer_;
  std::size_t begin_ = 0;    // of what was not returned yet
  std::size_t scanned_ = 0;  // up to here there is no newline
  std::size_t line_number_ = 0;
  bool ended_ = false;
  bool stopped_ = false;
};

}  // namespace kclhost::host::put
