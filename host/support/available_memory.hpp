#pragma once

#include <cstdint>
#include <filesystem>

namespace kclhost::host {

// The memory that this process may use, in bytes: the machine's, or less where a control group that it is in has a
// limit. `groups` is where the control groups are mounted (version 2, or version 1 with its folder `memory`), `own` the
// file that names this process's; what can't be read limits nothing.
std::uint64_t available_memory(const std::filesystem::path& groups = "/sys/fs/cgroup",
                               const std::filesystem::path& own = "/proc/self/cgroup");

// How many processes and threads the control groups allow all together that are in them; UINT64_MAX: any number.
std::uint64_t allowed_tasks(const std::filesystem::path& groups = "/sys/fs/cgroup",
                            const std::filesystem::path& own = "/proc/self/cgroup");

}  // namespace kclhost::host
