// The memory that plugins can read, as whoever lays out records in it sees it.
#pragma once

#include <cstddef>

namespace kclhost::host {

class BatchMemory {
 public:
  virtual ~BatchMemory() = default;
  // Where it begins; the address never changes.
  virtual char* base() = 0;
  // Makes at least so many bytes from base() on usable; what is there stays. False when there is no memory for it.
  [[nodiscard]] virtual bool reserve(std::size_t bytes) = 0;
};

}  // namespace kclhost::host
