#pragma once

#include <cstdint>

namespace kclhost::host::worker {

// Bytes that the process has from its allocator and has not given back. The C library keeps some of what the calling
// thread has freed and counts it as allocated; here it always keeps the same, so that two results can be compared.
std::uint64_t allocated_bytes();

}  // namespace kclhost::host::worker
