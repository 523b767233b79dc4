#include "worker/control.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "support/memory_file.hpp"
#include "support/process_memory.hpp"
#include "worker/refusal.hpp"

namespace kclhost::host::worker {
namespace {

Control* map_page(const Fd& fd, std::size_t size) {
  void* const at = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  return at == MAP_FAILED ? nullptr : static_cast<Control*>(at);
}

std::size_t size_before_acknowledgements(std::size_t config_size) {
  constexpr std::size_t alignment = 64;
  return (sizeof(Control) + config_size + alignment - 1) / alignment * alignment;
}

}  // namespace

ControlPage::ControlPage(Control* control, std::size_t size, Fd fd)
    : fd_(std::move(fd)),
      size_(size),
      control_(control),
      acknowledgements_(AckMemory::at(
          reinterpret_cast<char*>(control) + size_before_acknowledgements(control->config_size), control->ack_size)) {}

Result<std::shared_ptr<ControlPage>> ControlPage::make(std::string_view config, std::int32_t log_level,
                                                       std::uint32_t ack_size) {
  Fd fd = make_memory_file("kclhost-control");
  const std::size_t size = size_before_acknowledgements(config.size()) + AckMemory::bytes(ack_size);
  if (!fd || ::ftruncate(fd.get(), static_cast<off_t>(size)) != 0 ||
      !seal(fd, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)) {
    return Error{refusal(errno)};
  }
  Control* const control = map_page(fd, size);
  if (control == nullptr) return Error{refusal(errno)};
  keep_from_forks(control, size);  // its worker maps it; the others have no business with it
  control->ack_size = ack_size;
  control->config_size = config.size();
  if (!config.empty()) std::memcpy(reinterpret_cast<char*>(control + 1), config.data(), config.size());
  control->log_level = log_level;
  return std::shared_ptr<ControlPage>(new ControlPage(control, size, std::move(fd)));
}

std::shared_ptr<ControlPage> ControlPage::map(Fd fd) {
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return nullptr;
  const auto size = static_cast<std::size_t>(status.st_size);
  Control* const control = map_page(fd, size);
  if (control == nullptr) return nullptr;
  return std::shared_ptr<ControlPage>(new ControlPage(control, size, Fd()));
}

ControlPage::~ControlPage() {
  ::munmap(control_, size_);
}

}  // namespace kclhost::host::worker
