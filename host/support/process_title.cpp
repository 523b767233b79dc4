#include "support/process_title.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "support/fd.hpp"

namespace kclhost::host {

void set_process_title(const char* name, std::string_view arguments) {
  ::prctl(PR_SET_NAME, name);
  // The kernel shows the memory in which it once put the arguments: argv[0], to which the C library keeps a pointer,
  // and the others behind it.
  char* const shown = program_invocation_name;
  const Fd fd(::open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC));
  char text[4096];
  const ssize_t n = fd ? ::read(fd.get(), text, sizeof text) : -1;
  const auto size = n > 0 ? static_cast<std::size_t>(n) : 0;
  if (size < arguments.size() || std::memcmp(shown, text, size) != 0) return;
  std::memset(shown, 0, size);
  std::memcpy(shown, arguments.data(), arguments.size());
}

}  // namespace kclhost::host
