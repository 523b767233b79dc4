#include "flock_on_nfs.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace kclhost::host::test {

thread_local bool flock_is_as_on_nfs = false;

}  // namespace kclhost::host::test

extern "C" int flock(int fd, int operation) noexcept {
  const bool for_reading = (::fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY;
  if (kclhost::host::test::flock_is_as_on_nfs && (operation & LOCK_EX) != 0 && for_reading) {
    errno = EBADF;
    return -1;
  }
  return static_cast<int>(::syscall(SYS_flock, fd, operation));
}
