// What a worker prints, as log lines.
#pragma once

#include <string>
#include <string_view>

#include "support/fd.hpp"
#include "worker/last_words.hpp"
#include "worker/life.hpp"

namespace kclhost::host::worker {

// The host's end of the pipe that a worker has for standard output or standard error. Host's thread only.
class Output {
 public:
  // `fd` does not block. `source`, static text, and the level are those of the lines. `words` hears them too; null: no
  // one does.
  Output(WorkerId worker, Fd fd, std::int32_t level, std::string_view source, Listener& listener, LastWords* words)
      : worker_(worker), fd_(std::move(fd)), level_(level), source_(source), listener_(listener), words_(words) {}

  int fd() const { return fd_.get(); }
  // Logs what is there, `most` bytes of it at the most; the rest waits. False at the end of what will ever be printed.
  bool read(std::size_t most);
  // Logs a line that has no end yet.
  void flush();

 private:
  void append(std::string_view bytes);

  static constexpr std::size_t longest_line = 16 * 1024;

  const WorkerId worker_;
  Fd fd_;
  const std::int32_t level_;
  const std::string_view source_;
  Listener& listener_;
  LastWords* const words_;
  std::string line_;
};

}  // namespace kclhost::host::worker
