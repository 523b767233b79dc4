#include "processor/control.hpp"

#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <system_error>

#include "support/process_memory.hpp"

namespace kclhost::host::processor {
namespace {

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

ControlPage::ControlPage(std::size_t config_size)
    : fd_(::memfd_create("kclhost-control", MFD_CLOEXEC)), size_(sizeof(Control) + config_size) {
  if (!fd_) fail("memfd_create");
  if (::ftruncate(fd_.get(), static_cast<off_t>(size_)) != 0) fail("making a worker's control page");
  map();
  keep_from_forks(control_, size_);  // its worker maps it; the others have no business with it
  control_->config_size = config_size;
}

ControlPage::ControlPage(Fd fd) : fd_(std::move(fd)) {
  struct stat status {};
  if (::fstat(fd_.get(), &status) != 0) fail("opening the control page");
  size_ = static_cast<std::size_t>(status.st_size);
  map();
}

ControlPage::~ControlPage() {
  ::munmap(control_, size_);
}

void ControlPage::map() {
  void* at = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED, fd_.get(), 0);
  if (at == MAP_FAILED) fail("mapping a worker's control page");
  control_ = static_cast<Control*>(at);
}

}  // namespace kclhost::host::processor
