// Memory with a descriptor, to be shared with other processes.
#pragma once

#include "support/fd.hpp"

namespace kclhost::host {

// Memory of size 0 that can be sealed; not executable where the kernel knows that. None (with errno) when refused.
Fd make_memory_file(const char* name);

// Forbids for good, to every process and through every descriptor, what the seals (F_SEAL_*) say. False when refused.
bool seal(const Fd& memory_file, unsigned seals);

}  // namespace kclhost::host
