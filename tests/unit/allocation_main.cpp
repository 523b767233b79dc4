// Counts the heap allocations of a host while batches go through it.
#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <cstdlib>

#include "allocation_count.hpp"

namespace {
std::atomic<std::size_t> counted;
thread_local bool counting = false;
}  // namespace

// glibc's own, under the names it gives to those who put theirs in front.
extern "C" {
void* __libc_malloc(std::size_t size);                       // NOLINT
void* __libc_calloc(std::size_t count, std::size_t size);    // NOLINT
void* __libc_realloc(void* memory, std::size_t size);        // NOLINT
void* __libc_memalign(std::size_t align, std::size_t size);  // NOLINT

void* malloc(std::size_t size) {
  counted += counting;
  return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) {
  counted += counting;
  return __libc_calloc(count, size);
}
void* realloc(void* memory, std::size_t size) {
  counted += counting;
  return __libc_realloc(memory, size);
}
void* aligned_alloc(std::size_t align, std::size_t size) {
  counted += counting;
  return __libc_memalign(align, size);
}
}

namespace kclhost::host::test {

void count_my_allocations() {
  counting = true;
}
std::size_t allocations() {
  return counted;
}

}  // namespace kclhost::host::test

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // as `kclhost run` does
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
