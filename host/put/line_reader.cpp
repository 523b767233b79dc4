#include "put/line_reader.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "put/source.hpp"
#include "put/stop.hpp"

namespace kclhost::host::put {

LineReader::LineReader(Fd fd, std::string name) : fd_(std::move(fd)), name_(std::move(name)) {}

std::size_t LineReader::find_newline() {
  const auto at = buffer_.find('\n', scanned_);
  scanned_ = at == std::string::npos ? buffer_.size() : at;
  return at;
}

// Reads once, unless a stop is requested.
void LineReader::fill() {
  if (StopSignals::wait_for_input(fd_.get(), std::nullopt) == StopSignals::Input::stopped) {
    stopped_ = true;
    return;
  }
  constexpr std::size_t chunk = 256u << 10;
  buffer_.erase(0, begin_);
  scanned_ -= begin_;
  begin_ = 0;
  if (buffer_.size() > max_line) {
    throw InputError(name_ + ':' + std::to_string(line_number_ + 1) + ": a line of more than 64 MiB");
  }
  const std::size_t filled = buffer_.size();
  buffer_.resize(filled + chunk);
  const ssize_t got = ::read(fd_.get(), buffer_.data() + filled, chunk);
  const int error = errno;
  buffer_.resize(filled + static_cast<std::size_t>(got > 0 ? got : 0));
  if (got < 0 && error != EINTR && error != EAGAIN) throw InputError(name_ + ": " + std::strerror(error));
  ended_ = got == 0;
}

std::optional<std::string_view> LineReader::next() {
  std::size_t end = find_newline();
  while (end == std::string::npos && !ended_ && !stopped_) {
    fill();
    end = find_newline();
  }
  if (end == std::string::npos) {
    if (begin_ == buffer_.size() || stopped_) return std::nullopt;
    end = buffer_.size();
  }
  const std::string_view line(buffer_.data() + begin_, end - begin_);
  begin_ = end < buffer_.size() ? end + 1 : end;
  scanned_ = begin_;
  ++line_number_;
  return line;
}

bool LineReader::ready(std::chrono::milliseconds patience) {
  while (find_newline() == std::string::npos && !ended_ && !stopped_) {
    if (StopSignals::wait_for_input(fd_.get(), patience) == StopSignals::Input::none) return false;
    fill();
  }
  return true;
}

std::string LineReader::where() const {
  return name_ + ':' + std::to_string(line_number_);
}

}  // namespace kclhost::host::put
