#include "support/shared_buffer.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include "support/memory_file.hpp"
#include "support/process_memory.hpp"

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

namespace kclhost::host {
namespace {

// A line of 4 GiB is over a hundred times what the largest GetRecords makes, and offsets into it fit 32 bits. Where the
// address space is limited (ulimit -v), less must do.
constexpr std::size_t largest = std::size_t{4} << 30;
constexpr std::size_t smallest = std::size_t{64} << 20;
constexpr std::size_t granule = std::size_t{64} << 10;
constexpr int flags = MAP_SHARED | MAP_NORESERVE;

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

void* map_range(int fd, int protection, std::size_t& limit) {
  for (limit = largest; limit >= smallest; limit /= 2) {
    void* at = ::mmap(nullptr, limit, protection, flags, fd, 0);
    if (at != MAP_FAILED) return at;
  }
  fail("mapping the batch buffer");
}

// Growing stays possible. Only once the mapping to write through is there.
void seal_batch(const Fd& fd) {
  if (seal(fd, F_SEAL_SHRINK | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL)) return;
  seal(fd, F_SEAL_SHRINK | F_SEAL_SEAL);  // before Linux 5.1
}

Fd open_for_reading(const Fd& fd) {
  const std::string path = "/proc/self/fd/" + std::to_string(fd.get());
  return Fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
}

// Where none is free there, it stays where it is.
Fd moved_up(Fd fd) {
  if (fd.get() >= far_from_plugins) return fd;
  Fd moved(::fcntl(fd.get(), F_DUPFD_CLOEXEC, far_from_plugins));
  return moved ? std::move(moved) : std::move(fd);
}

}  // namespace

SharedBuffer::SharedBuffer() : fd_(make_memory_file("kclhost-batch")) {
  if (!fd_) fail("memfd_create");
  read_only_ = open_for_reading(fd_);
  if (!read_only_) fail("opening the batch buffer for reading");
  data_ = static_cast<char*>(map_range(fd_.get(), PROT_READ | PROT_WRITE, limit_));
  seal_batch(fd_);
  keep_from_forks(data_, limit_);  // who is to read it maps it read-only
}

SharedBuffer::~SharedBuffer() {
  ::munmap(data_, limit_);
}

bool SharedBuffer::reserve(std::size_t bytes) {
  if (bytes <= size_) return true;
  if (bytes > limit_) return false;
  std::size_t wanted = std::max(bytes, std::min(size_ * 2, limit_));
  wanted = std::min((wanted + granule - 1) / granule * granule, limit_);
  if (::ftruncate(fd_.get(), static_cast<off_t>(wanted)) != 0) {
    // A process of this user may have made it longer already, and it can't be made shorter.
    struct stat status {};
    if (::fstat(fd_.get(), &status) != 0 || static_cast<std::size_t>(status.st_size) < wanted) return false;
  }
  size_ = wanted;
  return true;
}

void SharedBuffer::release() {
  if (size_ == 0) return;
  Fd next = make_memory_file("kclhost-batch");
  Fd next_read_only = next ? open_for_reading(next) : Fd();
  if (!next_read_only) return;
  if (::mmap(data_, limit_, PROT_READ | PROT_WRITE, flags | MAP_FIXED, next.get(), 0) == MAP_FAILED) {
    fail("mapping the batch buffer");
  }
  seal_batch(next);
  keep_from_forks(data_, limit_);
  fd_ = std::move(next);
  read_only_ = std::move(next_read_only);
  size_ = 0;
  ++generation_;
}

Fd SharedBuffer::open_read_only() const {
  Fd fd(::fcntl(read_only_.get(), F_DUPFD_CLOEXEC, 0));
  if (!fd) fail("opening the batch buffer for reading");
  return fd;
}

SharedView::SharedView(Fd fd) {
  data_ = static_cast<const char*>(map_range(fd.get(), PROT_READ, limit_));
  fd_ = moved_up(std::move(fd));
}

SharedView::~SharedView() {
  ::munmap(const_cast<char*>(data_), limit_);
}

void SharedView::replace(Fd fd) {
  if (::mmap(const_cast<char*>(data_), limit_, PROT_READ, flags | MAP_FIXED, fd.get(), 0) == MAP_FAILED) {
    fail("mapping the batch buffer");
  }
  fd_ = moved_up(std::move(fd));
}

}  // namespace kclhost::host
