#pragma once

#include <sys/types.h>

#include <cstdint>

namespace kclhost {

// A process's resident memory in bytes; 0 when it can't be told.
std::uint64_t resident_memory(pid_t pid);

}  // namespace kclhost
