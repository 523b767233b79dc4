// With isolation none a plugin's fault ends the host itself; it leaves a mark for the next process.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

namespace kclhost::host::run {

// From now on a fatal signal of this process, and a plugin's exit(), set these marks before the process ends. They must
// live as long as the process. Once.
void mark_own_faults(const std::vector<std::atomic<std::uint32_t>*>& marks);

}  // namespace kclhost::host::run
