// The table of a batch's records, in the shared buffer behind the line they are decoded from.
#pragma once

#include <cstddef>
#include <cstdint>

#include "batch/batch.hpp"
#include "support/shared_buffer.hpp"

namespace kclhost::protocol {

// The line's length is not known while it arrives: the table stands as far behind it as seems right, and moves when
// that was too near. What lies between is never touched, so that there is no memory behind it. Not thread-safe.
class RecordTable {
 public:
  // The buffer must outlive the table.
  explicit RecordTable(SharedBuffer& buffer) : buffer_(buffer) {}

  SharedBuffer& buffer() const { return buffer_; }
  // The buffer's first so many bytes are the line's, and may be read and written.
  std::size_t line_room() const { return offset_; }
  // Makes it so many at least; the records stay. False when there is no memory for it.
  [[nodiscard]] bool reserve_line(std::size_t bytes);

  void clear() { count_ = 0; }
  // Gives the buffer's memory back; what it held is lost.
  void release();

  // Where the next record goes, null when there is no memory. It is none until it is added.
  RecordEntry* next() { return count_ < room_ || make_room() ? entries() + count_ : nullptr; }
  void add() { ++count_; }

  std::uint32_t offset() const { return static_cast<std::uint32_t>(offset_); }
  std::uint32_t count() const { return count_; }

 private:
  RecordEntry* entries() const { return reinterpret_cast<RecordEntry*>(buffer_.data() + offset_); }
  bool make_room();

  SharedBuffer& buffer_;
  std::size_t offset_ = 0;
  std::uint32_t count_ = 0, room_ = 0;  // records in the table; records that fit the buffer
};

}  // namespace kclhost::protocol
