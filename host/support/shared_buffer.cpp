#include "support/shared_buffer.hpp"

#include <fcntl.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>

#include "support/process_memory.hpp"

namespace kclhost::host {
namespace {

// A line of 4 GiB is over a hundred times what the largest GetRecords makes, and offsets into it fit 32 bits. Where the
// address space is limited (ulimit -v), less must do.
constexpr std::size_t largest = std::size_t{4} << 30;
constexpr std::size_t smallest = std::size_t{64} << 20;
constexpr std::size_t granule = std::size_t{64} << 10;

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

void* map_range(int fd, int protection, std::size_t& limit) {
  for (limit = largest; limit >= smallest; limit /= 2) {
    void* at = ::mmap(nullptr, limit, protection, MAP_SHARED | MAP_NORESERVE, fd, 0);
    if (at != MAP_FAILED) return at;
  }
  fail("mapping the batch buffer");
}

}  // namespace

SharedBuffer::SharedBuffer() : fd_(::memfd_create("kclhost-batch", MFD_CLOEXEC)) {
  if (!fd_) fail("memfd_create");
  data_ = static_cast<char*>(map_range(fd_.get(), PROT_READ | PROT_WRITE, limit_));
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
  if (::ftruncate(fd_.get(), static_cast<off_t>(wanted)) != 0) return false;
  size_ = wanted;
  return true;
}

void SharedBuffer::release() {
  if (::ftruncate(fd_.get(), 0) == 0) size_ = 0;
}

Fd SharedBuffer::open_read_only() const {
  const std::string path = "/proc/self/fd/" + std::to_string(fd_.get());
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) fail("opening the batch buffer for reading");
  return fd;
}

SharedView::SharedView(Fd fd) {
  data_ = static_cast<const char*>(map_range(fd.get(), PROT_READ, limit_));
}

SharedView::~SharedView() {
  ::munmap(const_cast<char*>(data_), limit_);
}

}  // namespace kclhost::host
