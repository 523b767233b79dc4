// A growable stretch of memory that other processes can map read-only.
#pragma once

#include <cstddef>
#include <cstdint>

#include "support/fd.hpp"

namespace kclhost::host {

// The address of the bytes never changes while the buffer grows or shrinks: the whole range is reserved at the start,
// and only the part below size() has memory behind it. The memory is sealed: no process can truncate it, and none can
// write it except through this mapping (Linux before 5.1: any process of this user can write it). Not thread-safe.
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
  // Lets all memory go; the contents are lost. It is given back as soon as nobody else maps it: what is sealed can't be
  // emptied, so other memory takes its place, which readers must map in turn. Where that is refused nothing changes.
  // Throws std::system_error when the address is lost, which only a kernel out of memory does.
  void release();
  // Counts the releases: a reader's mapping is of the generation that its descriptor was.
  std::uint32_t generation() const { return generation_; }

  // A descriptor through which a process can map the buffer for reading but not for writing. The buffer's own, until
  // the next release.
  int read_only_fd() const { return read_only_.get(); }
  // A copy of it, for the caller. Throws std::system_error.
  Fd open_read_only() const;

 private:
  Fd fd_, read_only_;
  char* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t limit_ = 0;
  std::uint32_t generation_ = 0;
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
  // Shows what this descriptor is for, at the same address, and lets go of what was there. Throws std::system_error.
  void replace(Fd fd);
  // Gives up the descriptor that the view keeps for this, so that one to replace it can be received even where the
  // process has used up all others.
  void make_room() { fd_.reset(); }

 private:
  Fd fd_;
  const char* data_ = nullptr;
  std::size_t limit_ = 0;
};

}  // namespace kclhost::host
