#include "support/memory_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>

#include <cerrno>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

namespace kclhost::host {

Fd make_memory_file(const char* name) {
  constexpr unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  Fd fd(::memfd_create(name, flags | MFD_NOEXEC_SEAL));
  if (!fd && errno == EINVAL) fd.reset(::memfd_create(name, flags));  // before Linux 6.3
  return fd;
}

bool seal(const Fd& memory_file, unsigned seals) {
  return ::fcntl(memory_file.get(), F_ADD_SEALS, seals) == 0;
}

}  // namespace kclhost::host
