// The memory that the simulated plugins read.
#pragma once

#include <cstring>
#include <vector>

#include "batch/memory.hpp"

namespace kclhost::host::simulation {

class Memory final : public BatchMemory {
 public:
  Memory() : bytes_(1 << 16) {}
  char* base() override { return bytes_.data(); }
  [[nodiscard]] bool reserve(std::size_t bytes) override {
    if (bytes > used_) used_ = bytes;
    return bytes <= bytes_.size();
  }
  // What lay here is gone, and whoever still reads it reads nonsense.
  void overwrite() { std::memset(bytes_.data(), 0xee, used_); }

 private:
  std::vector<char> bytes_;
  std::size_t used_ = 0;
};

}  // namespace kclhost::host::simulation
