// What the JVM is told over daemon.jvm_options.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "config/config.hpp"

namespace kclhost::host::launch {

// The JVM's options for a daemon, the configuration's own last, because the last one counts. What those choose (the
// encoding, a collector, the heap, what to do without memory) is not chosen here too. `memory` is what this machine
// or container gives us, in bytes.
std::vector<std::string> jvm_options(const config::Daemon& daemon, std::uint64_t memory);

// Whether those options choose which class archive the JVM uses, if any.
bool choose_archive(const config::Daemon& daemon);

}  // namespace kclhost::host::launch
