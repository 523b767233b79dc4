// How often the heap was asked for memory.
#pragma once

#include <cstddef>

namespace kclhost::host::test {

// From here on the calling thread's allocations are counted.
void count_my_allocations();
std::size_t allocations();

}  // namespace kclhost::host::test
