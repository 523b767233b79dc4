#include "worker/allocated.hpp"

#include <malloc.h>

#include <array>
#include <cstdlib>
#include <utility>

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

std::uint64_t counted() {
  const struct mallinfo2 info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
}

}  // namespace

std::uint64_t allocated_bytes() {
  // A piece may be larger than what was asked for, and is then kept among the next ones. With other threads at work
  // there may be no end to that.
  constexpr int most_rounds = 100;
  std::uint64_t bytes = 0;
  for (int round = 0; round < most_rounds; ++round) {
    fill_cache_of_this_thread();
    if (const std::uint64_t now = counted(); std::exchange(bytes, now) == now) break;
  }
  return bytes;
}

}  // namespace kclhost::host::worker
