#include <kclhost/record.hpp>

// Alone, and twice.
#include <kclhost/record.hpp>

std::size_t size_of(const kclhost_batch& batch);
std::size_t size_of(const kclhost_batch& batch) {
  return kclhost::Batch(batch).size();
}
