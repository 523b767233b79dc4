#include "support/process_memory.hpp"

#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "support/fd.hpp"

namespace kclhost::host {

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

namespace {

bool is_traced() {
  const Fd fd(::open("/proc/self/status", O_RDONLY | O_CLOEXEC));
  char text[1024];  // the line is among the first
  const ssize_t n = fd ? ::read(fd.get(), text, sizeof text - 1) : -1;
  if (n <= 0) return true;
  text[n] = '\0';
  const char* const line = std::strstr(text, "TracerPid:");
  return line == nullptr || std::atoi(line + sizeof "TracerPid:" - 1) != 0;
}

int unmap_segments(dl_phdr_info* object, std::size_t, void*) {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const auto& segment = object->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
    const std::uintptr_t begin = (object->dlpi_addr + segment.p_vaddr) / page * page;
    const std::uintptr_t end = object->dlpi_addr + segment.p_vaddr + segment.p_memsz;
    ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
  }
  return 1;  // the program comes first; what a library holds may have been relocated
}

}  // namespace

void unmap_program() {
  if (!is_traced()) ::dl_iterate_phdr(unmap_segments, nullptr);
}

void keep_from_forks(void* begin, std::size_t size) {
  ::madvise(begin, size, MADV_DONTFORK);
}

}  // namespace kclhost::host
