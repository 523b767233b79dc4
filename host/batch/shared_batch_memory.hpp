// Batches in memory that a worker's process maps, too.
#pragma once

#include "batch/memory.hpp"
#include "support/shared_buffer.hpp"

namespace kclhost::host {

class SharedBatchMemory final : public BatchMemory {
 public:
  // The buffer must outlive it.
  explicit SharedBatchMemory(SharedBuffer& buffer) : buffer_(buffer) {}
  char* base() override { return buffer_.data(); }
  bool reserve(std::size_t bytes) override { return buffer_.reserve(bytes); }

 private:
  SharedBuffer& buffer_;
};

}  // namespace kclhost::host
