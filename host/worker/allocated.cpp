#include "worker/allocated.hpp"

#include <malloc.h>

#include <array>
#include <cstdlib>

namespace kclhost::host::worker {
namespace {

// Of each size up to this one glibc keeps 7 pieces; to take more costs little, if another one keeps more.
constexpr std::size_t pieces = 16, largest_kept = 1032, step = 16;

// Takes what is kept and gives back as much as can be.
void fill_cache_of_this_thread() {
  for (std::size_t size = step + step / 2; size <= largest_kept; size += step) {
    std::array<void*, pieces> taken;
    for (void*& piece : taken) {
      piece = std::malloc(size);
      asm volatile("" : : "r"(piece) : "memory");  // or the compiler leaves both calls out
    }
    for (void* const piece : taken) std::free(piece);
  }
}

}  // namespace

std::uint64_t allocated_bytes() {
  fill_cache_of_this_thread();
  const struct mallinfo2 info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
}

}  // namespace kclhost::host::worker
