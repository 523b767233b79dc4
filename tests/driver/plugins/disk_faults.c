/* Preloaded: while the file named by DRIVER_FAULTS is there, calls that change something below DRIVER_FAULTS_BELOW fail
 * now and then. The file says with which errno, and how many in a hundred. Linux. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* The errno of this call, or 0. */
static int fault(void) {
  const char* file = getenv("DRIVER_FAULTS");
  if (file == NULL) return 0;
  const long fd = syscall(SYS_openat, AT_FDCWD, file, O_RDONLY | O_CLOEXEC, 0);
  if (fd < 0) return 0;
  char text[32] = {0};
  const long n = syscall(SYS_read, fd, text, sizeof text - 1);
  syscall(SYS_close, fd);
  int error = 0;
  unsigned share = 0;
  if (n <= 0 || sscanf(text, "%d %u", &error, &share) != 2) return 0;
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (unsigned)(now.tv_nsec / 7) % 100 < share ? error : 0;
}

static int is_below(const char* path) {
  const char* folder = getenv("DRIVER_FAULTS_BELOW");
  return folder != NULL && path != NULL && strncmp(path, folder, strlen(folder)) == 0;
}

static int is_fd_below(int fd) {
  char link[32], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t n = readlink(link, path, sizeof path - 1);
  if (n <= 0) return 0;
  path[n] = '\0';
  return is_below(path);
}

static int fails_at(const char* path) {
  const int before = errno;
  const int error = is_below(path) ? fault() : 0;
  errno = error != 0 ? error : before;
  return error != 0;
}

static int fails_on(int fd) {
  const int before = errno;
  const int error = fault();
  const int fails = error != 0 && is_fd_below(fd);
  errno = fails ? error : before;
  return fails;
}

#define REAL(name) ((__typeof__(&(name)))(size_t)dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void* bytes, size_t size) {
  if (!fails_on(fd)) return syscall(SYS_write, fd, bytes, size);
  /* A disk that fills up takes some of it first. */
  if (size > 1 && size % 2 == 0) return syscall(SYS_write, fd, bytes, size / 2);
  return -1;
}

ssize_t pwrite(int fd, const void* bytes, size_t size, off_t at) {
  return fails_on(fd) ? -1 : REAL(pwrite)(fd, bytes, size, at);
}

int fsync(int fd) {
  return fails_on(fd) ? -1 : REAL(fsync)(fd);
}

int fdatasync(int fd) {
  return fails_on(fd) ? -1 : REAL(fdatasync)(fd);
}

int posix_fallocate(int fd, off_t at, off_t size) {
  return fails_on(fd) ? errno : REAL(posix_fallocate)(fd, at, size);
}

int mkdir(const char* path, mode_t mode) {
  return fails_at(path) ? -1 : REAL(mkdir)(path, mode);
}

int rename(const char* from, const char* to) {
  return fails_at(to) ? -1 : REAL(rename)(from, to);
}

int mkostemp(char* path, int flags) {
  return fails_at(path) ? -1 : REAL(mkostemp)(path, flags);
}

int open(const char* path, int flags, ...) {
  mode_t mode = 0;
  if ((flags & O_CREAT) != 0) {
    va_list rest;
    va_start(rest, flags);
    mode = va_arg(rest, mode_t);
    va_end(rest);
    if (fails_at(path)) return -1;
  }
  return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}
