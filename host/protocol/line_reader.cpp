#include "protocol/line_reader.hpp"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <system_error>
#include <utility>

namespace kclhost::host::protocol {
namespace {

// Larger ones don't fit the processor's nearer caches, with what is decoded out of them; smaller ones cost more reads.
constexpr std::size_t usual_capacity = std::size_t{64} << 10;
// Over a hundred times what the largest GetRecords makes.
constexpr std::size_t largest_capacity = std::size_t{4} << 30;
// What the kernel gives a pipe, and what a stream of large batches gets: with more room there is less waiting for each
// other. A user has 64 MiB for all pipes (fs.pipe-user-pages-soft), and once they are used up, each further pipe of any
// program of that user is tiny: so only a shard that needs it has it, while it does.
constexpr int usual_pipe_size = 1 << 16, large_pipe_size = 1 << 20;
constexpr std::size_t read_alignment = 64;
constexpr std::size_t large_batch = std::size_t{128} << 10;

}  // namespace

LineReader::LineReader(int fd, BatchDecoder& batch) : fd_(fd), batch_(batch) {
  if (!resize(usual_capacity)) throw std::bad_alloc();
}

void LineReader::set_pipe_size(bool large) {
  if (large == large_pipe_) return;
  large_pipe_ = large;
  const int size = ::fcntl(fd_, F_GETPIPE_SZ);
  if (large && size < large_pipe_size) ::fcntl(fd_, F_SETPIPE_SZ, large_pipe_size);
  if (!large && size == large_pipe_size) ::fcntl(fd_, F_SETPIPE_SZ, usual_pipe_size);
}

bool LineReader::wants_more() {
  return !ended_ && !scan() && (batch_allowed_ || end_ - begin_ < usual_capacity);
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
  const iovec where{window_.get() + end_, capacity_ - end_};
  const ssize_t n = ::preadv2(fd_, &where, 1, -1, flags);
  if (n < 0) {
    if (errno == EINTR || errno == EAGAIN) return false;
    if (flags != 0) return may_look_ = false;
    throw std::system_error(errno, std::generic_category(), "reading from the daemon");
  }
  if (n == 0) ended_ = true;
  end_ += static_cast<std::size_t>(n);
  // Before a newline is looked for: what is taken has none.
  if (batch_allowed_ && n > 0) {
    const std::size_t given = batch_.arrived({window_.get() + begin_, end_ - begin_});
    begin_ += given;
    given_ += given;
    scanned_ -= std::min(scanned_, given);
    if (given_ > large_batch) set_pipe_size(true);
  }
  return n > 0;
}

bool LineReader::scan() {
  if (found_) return true;
  const char* const line = window_.get() + begin_;
  const std::size_t size = end_ - begin_;
  const void* const newline = std::memchr(line + scanned_, '\n', size - scanned_);
  scanned_ = size;
  if (newline == nullptr) return false;
  line_size_ = static_cast<std::size_t>(static_cast<const char*>(newline) - line);
  return found_ = true;
}

void LineReader::make_room() {
  if (begin_ == end_) begin_ = end_ = 0;
  if (capacity_ - end_ >= usual_capacity / 2) return;
  const std::size_t size = end_ - begin_;
  if (size <= capacity_ / 2 || !batch_allowed_) {
    move_to(window_.get());
  } else if (!resize(2 * capacity_)) {
    throw std::system_error(ENOMEM, std::generic_category(), "a line of the daemon is too large for memory");
  }
}

// The bytes that were not taken end where the kernel copies more to at full speed.
void LineReader::move_to(char* window) {
  const std::size_t size = end_ - begin_, begin = (read_alignment - size % read_alignment) % read_alignment;
  if (size != 0) std::memmove(window + begin, window_.get() + begin_, size);
  begin_ = begin;
  end_ = begin + size;
}

bool LineReader::resize(std::size_t capacity) {
  if (capacity > largest_capacity) return false;
  // Memory that is never written to costs nothing.
  std::unique_ptr<char, Free> window(
      static_cast<char*>(std::aligned_alloc(read_alignment, capacity + read_alignment + BatchDecoder::overread)));
  if (!window) return false;
  move_to(window.get());
  window_ = std::move(window);
  capacity_ = capacity + read_alignment;
  return true;
}

void LineReader::release() {
  begin_ = end_ = 0;
  set_pipe_size(false);
  if (capacity_ > usual_capacity + read_alignment) resize(usual_capacity);
}

std::optional<std::span<char>> LineReader::take() {
  if (!scan()) return std::nullopt;
  const std::span<char> line{window_.get() + begin_, line_size_};
  begin_ += line_size_ + 1;
  found_ = false;
  scanned_ = 0;
  ++lines_;
  line_offset_ = taken_;
  taken_ += std::exchange(given_, 0) + line_size_ + 1;
  return line;
}

}  // namespace kclhost::host::protocol
