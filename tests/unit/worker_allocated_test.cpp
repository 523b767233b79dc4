#include "worker/allocated.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace kclhost::host::worker {
namespace {

using Piece = std::unique_ptr<char[]>;

TEST(Allocated, NothingOfWhatIsFreedCounts) {
  const auto before = allocated_bytes();
  for (std::size_t size = 32; size <= 4096; size *= 2) {
    std::vector<Piece> pieces;
    for (std::size_t i = 0; i < 5; ++i) pieces.push_back(std::make_unique<char[]>(size + i));
    pieces.clear();
    pieces.shrink_to_fit();
    EXPECT_EQ(allocated_bytes(), before) << "after pieces of " << size << " bytes";
  }
}

TEST(Allocated, WhatIsHeldCounts) {
  const auto before = allocated_bytes();
  const auto small = std::make_unique<char[]>(24);
  EXPECT_EQ(allocated_bytes(), before + 32);  // with what the allocator notes
  const auto large = std::make_unique<char[]>(1 << 20);
  EXPECT_GE(allocated_bytes(), before + (1 << 20));
}

}  // namespace
}  // namespace kclhost::host::worker
