// Cuts the daemon's stream into lines.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <optional>
#include <span>

#include "protocol/batch_decoder.hpp"

namespace kclhost::host::protocol {

// Reads a pipe into a window of 64 KiB. A batch is decoded out of it while it arrives, so that the window need not hold
// the line; what can't be taken out of it makes it larger. While the last batch is in use neither is allowed: what the
// other side sends ahead then stays in the pipe. Not thread-safe.
class LineReader {
 public:
  // Neither is taken over; both must outlive the reader. Throws std::bad_alloc.
  LineReader(int fd, BatchDecoder& batch);

  // Reads what is there unless wants_more() is false; blocks unless poll said that fd is ready. Throws
  // std::system_error when reading fails or there is no memory for a line.
  void read_some();
  // False when a line is there to take, at the stream's end, and when a line needs more than the window but may not.
  bool wants_more();
  // Whether a line may be given to the decoder, and make the window larger. It may at first.
  void allow_batch(bool allowed) { batch_allowed_ = allowed; }

  // True once a whole line has arrived, or the stream has ended.
  bool ready() { return ended_ || scan(); }
  // The stream's end has been read. Bytes of an unfinished line may be left: see unfinished().
  bool ended() const { return ended_; }
  std::size_t unfinished() const { return given_ + end_ - begin_; }

  // Takes the next line, without its end and without what the decoder has taken of it, if there is one. It may be
  // written to, and is gone with the next read_some. As many bytes behind it as the decoder asks for are readable, and
  // one may be written to.
  std::optional<std::span<char>> take();

  // Gives the memory back that a line took, the pipe's too. There must be none unfinished.
  void release();

  // Lines taken so far; bytes of the stream before the line last taken.
  std::size_t line_number() const { return lines_; }
  std::size_t line_offset() const { return line_offset_; }

 private:
  struct Free {
    void operator()(char* memory) const { std::free(memory); }
  };

  bool scan();
  bool read_once(int flags);
  void make_room();
  void set_pipe_size(bool large);
  void move_to(char* window);
  bool resize(std::size_t capacity);

  int fd_;
  BatchDecoder& batch_;
  std::unique_ptr<char, Free> window_;
  std::size_t capacity_ = 0;         // of the window, besides what may be read behind a line
  std::size_t begin_ = 0, end_ = 0;  // the bytes of the window that were read and not taken
  std::size_t scanned_ = 0;          // of these, the unfinished line's that are known to hold no newline
  std::size_t line_size_ = 0;        // of the whole line found, in the window
  std::size_t given_ = 0;            // bytes of the unfinished line that the decoder has taken
  bool batch_allowed_ = true;
  bool found_ = false;  // a whole line is there to take
  bool ended_ = false;
  bool may_look_ = true;     // RWF_NOWAIT works
  bool large_pipe_ = false;  // while batches are large
  std::size_t lines_ = 0, line_offset_ = 0, taken_ = 0;
};

}  // namespace kclhost::host::protocol
