// Cuts the daemon's stream into lines.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "protocol/batch_decoder.hpp"

namespace kclhost::protocol {

// Reads a pipe into a small buffer, and from there on into the batch's when a line outgrows it, so that the bytes of a
// large batch are never moved, and are decoded as they come. While the batch's buffer is in use, that is not allowed:
// what the other side sends ahead then stays in the pipe. Not thread-safe.
class LineReader {
 public:
  // Neither is taken over; both must outlive the reader. Enlarges the pipe's buffer where the system lets it.
  LineReader(int fd, BatchDecoder& batch);

  // Reads what is there unless wants_more() is false; blocks unless poll said that fd is ready. Throws
  // std::system_error when reading fails.
  void read_some();
  // False when a line is there to take, at the stream's end, and when a line would need the batch's buffer but may not.
  bool wants_more();
  // Whether a line may continue in the batch's buffer. It may at first.
  void allow_batch(bool allowed) { batch_allowed_ = allowed; }

  // True once a whole line has arrived, or the stream has ended.
  bool ready() { return ended_ || scan(); }
  // The stream's end has been read. Bytes of an unfinished line may be left: see unfinished().
  bool ended() const { return ended_; }
  std::size_t unfinished() const { return line_in_batch_ ? batch_size_ : end_ - begin_; }

  // Takes the next line, without its end, if there is one. It lies in the small buffer (or, if it was too large, in the
  // batch's), may be written to, one byte past its end too, and is gone with the next read_some.
  std::optional<std::span<char>> take();
  // The same, but the line lies in the batch's buffer, whatever its size, and is the decoder's to decode.
  std::optional<std::span<char>> take_into_batch();

  // Lines taken so far; bytes of the stream before the line last taken.
  std::size_t line_number() const { return lines_; }
  std::size_t line_offset() const { return line_offset_; }

 private:
  bool scan();
  bool full() const { return end_ - begin_ == small_.size() - 1; }
  bool read_once(int flags);
  void make_room();
  void reserve(std::size_t bytes);

  int fd_;
  BatchDecoder& batch_;
  std::vector<char> small_;
  std::size_t begin_ = 0, end_ = 0;  // the bytes of small_ that were read and not taken
  std::size_t scanned_ = 0;          // bytes of the unfinished line known to hold no newline
  std::size_t batch_size_ = 0;       // bytes of the unfinished line in batch_
  std::size_t line_size_ = 0;        // of the whole line found
  bool line_in_batch_ = false;       // the unfinished line continues in batch_
  bool batch_allowed_ = true;        // the unfinished line may continue there
  bool found_ = false;               // a whole line is there to take
  bool ended_ = false;
  bool may_look_ = true;  // RWF_NOWAIT works
  std::size_t lines_ = 0, line_offset_ = 0, taken_ = 0;
};

}  // namespace kclhost::protocol
