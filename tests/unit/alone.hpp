// Forks of a program with a sanitizer.
#pragma once

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <thread>

namespace kclhost::host::test {

// GCC's address sanitizer does not know of forks: its heap stays locked for good in one that is made while another
// thread uses it. Threads of lives that are over take a moment to end, on a busy machine a long one.
inline void wait_until_alone() {
#ifdef __SANITIZE_ADDRESS__
  const auto threads = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/task"), std::filesystem::directory_iterator());
  };
  for (int tries = 0; threads() > 1; ++tries) {
    if (tries == 60'000) {
      std::puts("a thread does not end: a fork may hang");
      return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
#endif
}

}  // namespace kclhost::host::test
