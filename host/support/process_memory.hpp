#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

namespace kclhost::host {

// A process's resident memory in bytes; 0 when it can't be told.
std::uint64_t resident_memory(pid_t pid);

// Unmaps the program's code and constants, of which a start uses far more than what comes after it. They stay in the
// system's page cache, and what is needed again is back at its next use. Does nothing under a debugger, whose
// breakpoints are in those pages.
void unmap_program();

// A fork of this process does not get the mapping that begins at this page: for what only the host may write to.
void keep_from_forks(void* begin, std::size_t size);

}  // namespace kclhost::host
