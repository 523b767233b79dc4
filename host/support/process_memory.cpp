#include "support/process_memory.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>

#include "support/fd.hpp"

namespace kclhost {

std::uint64_t resident_memory(pid_t pid) {
  char path[32];
  std::snprintf(path, sizeof path, "/proc/%d/statm", static_cast<int>(pid));
  const Fd fd(::open(path, O_RDONLY | O_CLOEXEC));
  char text[128];
  const ssize_t n = fd ? ::read(fd.get(), text, sizeof text - 1) : -1;
  if (n <= 0) return 0;
  text[n] = '\0';
  unsigned long long total = 0, resident = 0;
  if (std::sscanf(text, "%llu %llu", &total, &resident) != 2) return 0;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace kclhost
