// How much CPU time a process and its descendants have used.
#pragma once

#include <sys/types.h>

#include <chrono>

namespace kclhost::host::replay {

// Of all their threads, to the nanosecond, user and system. Descendants that have ended are not in it.
std::chrono::nanoseconds cpu_time_of_tree(pid_t root);

}  // namespace kclhost::host::replay
