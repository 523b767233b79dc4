// kclhost-web HUB FD STALLED_AFTER_MS: serves metrics, health and the page of one `kclhost launch`, which starts it.
// HUB is the socket that it asks, FD the one that it accepts from.
#include <malloc.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <exception>

#include "support/exit_code.hpp"
#include "web/server.hpp"

int main(int argc, char** argv) try {
  using namespace kclhost::host;
  if (argc != 4) {
    std::fputs("kclhost-web: kclhost launch starts it, where the configuration has metrics.listen\n", stderr);
    return exit_usage;
  }
  // Of many shards a page is large, and between two scrapes nobody needs its memory.
  ::mallopt(M_MMAP_THRESHOLD, 256 << 10);
  const web::Server server({.hub = argv[1],
                            .listening_fd = std::atoi(argv[2]),
                            .stalled_after = std::chrono::milliseconds(std::atoll(argv[3]))});
  for (;;) ::pause();
} catch (const std::exception& error) {
  std::fprintf(stderr, "kclhost-web: %s\n", error.what());
  return kclhost::host::exit_stopped;
}
