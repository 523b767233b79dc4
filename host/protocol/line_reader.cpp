#include "protocol/line_reader.hpp"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace kclhost::protocol {
namespace {

constexpr std::size_t small_size = std::size_t{64} << 10;
// What a pipe can be made to hold by anybody (fs.pipe-max-size's default). Reading then takes a third of the CPU time
// that it takes with the kernel's 64 KiB.
constexpr int pipe_size = 1 << 20;

}  // namespace

LineReader::LineReader(int fd, BatchDecoder& batch) : fd_(fd), batch_(batch), small_(small_size + 1) {
  ::fcntl(fd_, F_SETPIPE_SZ, pipe_size);
}

bool LineReader::wants_more() {
  return !ended_ && !scan() && (line_in_batch_ || batch_allowed_ || !full());
}

void LineReader::read_some() {
  if (!wants_more() || !read_once(0)) return;
  // The rest of a large batch is mostly there, or comes while the part before is decoded: a look at the pipe is cheaper
  // than a poll. Kernels before 6.4 have none for pipes.
  while (may_look_ && wants_more() && read_once(RWF_NOWAIT)) {
  }
}

bool LineReader::read_once(int flags) {
  make_room();
  char* const to = line_in_batch_ ? batch_.line() + batch_size_ : small_.data() + end_;
  const std::size_t room = line_in_batch_ ? batch_.room() - batch_size_ : small_.size() - 1 - end_;
  const iovec where{to, room};
  const ssize_t n = ::preadv2(fd_, &where, 1, -1, flags);
  if (n < 0) {
    if (errno == EINTR || errno == EAGAIN) return false;
    if (flags != 0) return may_look_ = false;
    throw std::system_error(errno, std::generic_category(), "reading from the daemon");
  }
  if (n == 0) ended_ = true;
  (line_in_batch_ ? batch_size_ : end_) += static_cast<std::size_t>(n);
  if (line_in_batch_ && !scan()) batch_.arrived(batch_size_);
  return n > 0;
}

bool LineReader::scan() {
  if (found_) return true;
  const char* start = line_in_batch_ ? batch_.line() : small_.data() + begin_;
  const std::size_t size = line_in_batch_ ? batch_size_ : end_ - begin_;
  if (scanned_ >= size) return false;
  const void* newline = std::memchr(start + scanned_, '\n', size - scanned_);
  if (newline == nullptr) {
    scanned_ = size;
    return false;
  }
  line_size_ = static_cast<std::size_t>(static_cast<const char*>(newline) - start);
  if (line_in_batch_) {
    // The daemon waits for an answer after each message, so there is hardly ever anything behind a line.
    const std::size_t rest = batch_size_ - line_size_ - 1;
    if (small_.size() < rest + 1) small_.resize(rest + 1);
    std::memcpy(small_.data(), batch_.line() + line_size_ + 1, rest);
    begin_ = 0;
    end_ = rest;
  }
  found_ = true;
  return true;
}

void LineReader::make_room() {
  if (begin_ == end_) begin_ = end_ = 0;
  if (!line_in_batch_ && end_ == small_.size() - 1) {
    const std::size_t bytes = end_ - begin_;
    if (batch_allowed_) {
      batch_.begin();
      reserve(bytes);
      std::memcpy(batch_.line(), small_.data() + begin_, bytes);
      batch_size_ = bytes;
      begin_ = end_ = 0;
      line_in_batch_ = true;
    } else {
      std::memmove(small_.data(), small_.data() + begin_, bytes);
      begin_ = 0;
      end_ = bytes;
    }
  }
  if (line_in_batch_) reserve(batch_size_ + pipe_size);
}

void LineReader::reserve(std::size_t bytes) {
  if (batch_.reserve(bytes)) return;
  throw std::system_error(ENOMEM, std::generic_category(), "a line of the daemon is too large for memory");
}

std::optional<std::span<char>> LineReader::take() {
  if (!scan()) return std::nullopt;
  std::span<char> line;
  if (line_in_batch_) {
    line = {batch_.line(), line_size_};
  } else {
    line = {small_.data() + begin_, line_size_};
    begin_ += line_size_ + 1;
  }
  line_in_batch_ = found_ = false;
  scanned_ = batch_size_ = 0;
  ++lines_;
  line_offset_ = taken_;
  taken_ += line.size() + 1;
  return line;
}

std::optional<std::span<char>> LineReader::take_into_batch() {
  if (!scan()) return std::nullopt;
  if (line_in_batch_) return take();
  const std::optional<std::span<char>> line = take();
  batch_.begin();
  reserve(line->size());
  std::memcpy(batch_.line(), line->data(), line->size());
  return std::span<char>(batch_.line(), line->size());
}

}  // namespace kclhost::protocol
