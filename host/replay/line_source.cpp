#include "replay/line_source.hpp"

#include <fcntl.h>
#include <poll.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace kclhost::host::replay {

Result<LineSource> LineSource::open(const std::string& file, OnWait on_wait) {
  if (file == "-") {
    Fd input(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3));
    return LineSource(std::move(input), "standard input", std::move(on_wait));
  }
  Fd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return Error{file + ": cannot be read: " + std::strerror(errno)};
  return LineSource(std::move(fd), file, std::move(on_wait));
}

void LineSource::tell_of_wait() {
  constexpr int patience = 1000;  // milliseconds
  pollfd input{fd_.get(), POLLIN, 0};
  if (::poll(&input, 1, ::isatty(fd_.get()) ? 0 : patience) == 0) std::exchange(on_wait_, {})(name_);
}

std::optional<std::span<char>> LineSource::next() {
  std::size_t searched = 0;
  while (true) {
    char* const begin = buffer_.data() + begin_;
    const std::size_t size = end_ - begin_;
    auto* newline = static_cast<char*>(std::memchr(begin + searched, '\n', size - searched));
    if (newline == nullptr && !ended_) {
      searched = size;
      // One byte stays free for the NUL after a last line without a newline.
      if (begin_ != 0 && end_ + 1 >= buffer_.size()) {
        std::memmove(buffer_.data(), begin, size);
        begin_ = 0;
        end_ = size;
      }
      if (end_ + 1 >= buffer_.size()) buffer_.resize(buffer_.size() * 2);
      if (on_wait_) tell_of_wait();
      const ssize_t got = ::read(fd_.get(), buffer_.data() + end_, buffer_.size() - 1 - end_);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) {
        error_ = Error{name_ + ": cannot be read: " + std::strerror(errno)};
        return std::nullopt;
      }
      if (got == 0) ended_ = true;
      end_ += static_cast<std::size_t>(got);
      continue;
    }
    if (newline == nullptr && size == 0) return std::nullopt;
    if (newline == nullptr) newline = begin + size;
    *newline = '\0';
    const auto length = static_cast<std::size_t>(newline - begin);
    begin_ += length == size ? size : length + 1;
    ++line_;
    return std::span<char>(begin, length);
  }
}

Error LineSource::at_line(const std::string& message) const {
  return {name_ + ":" + std::to_string(line_) + ": " + message};
}

}  // namespace kclhost::host::replay
