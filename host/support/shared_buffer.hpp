// A growable stretch of memory that other processes can map read-only.
#pragma once

#include <cstddef>

#include "support/fd.hpp"

namespace kclhost::host {

// The address of the bytes never changes while the buffer grows or shrinks: the whole range is reserved at the start,
// and only the part below size() has memory behind it. Not thread-safe.
class SharedBuffer {
 public:
  // Reserves address space, no memory. Throws std::system_error when even that is refused.
  SharedBuffer();
  ~SharedBuffer();
  SharedBuffer(const SharedBuffer&) = delete;
  SharedBuffer& operator=(const SharedBuffer&) = delete;

  char* data() { return data_; }
  const char* data() const { return data_; }
  std::size_t size() const { return size_; }
  std::size_t limit() const { return limit_; }

  // Makes at least `bytes` usable. False when that is over limit() or the system refuses.
  [[nodiscard]] bool reserve(std::size_t bytes);
  // Gives all memory back; the contents are lost.
  void release();

  // A descriptor through which a process can map the buffer for reading but not for writing.
  Fd open_read_only() const;

 private:
  Fd fd_;
  char* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t limit_ = 0;
};

// The same bytes in another process. The range reserved is the buffer's limit, so growth needs no new mapping.
class SharedView {
 public:
  // Takes the descriptor. Throws std::system_error.
  explicit SharedView(Fd fd);
  ~SharedView();
  SharedView(const SharedView&) = delete;
  SharedView& operator=(const SharedView&) = delete;

  const char* data() const { return data_; }

 private:
  const char* data_ = nullptr;
  std::size_t limit_ = 0;
};

}  // namespace kclhost::host
