// What the host makes of how a worker's process ended.
#pragma once

#include <csignal>
#include <string>

#include "plugin/call.hpp"
#include "worker/control.hpp"

namespace kclhost::host::worker {

// A death that the host did not bring about, from what the system says of it (si_code 0: nothing). `crash` is what the
// worker left behind.
Death death_of(const siginfo_t& info, const CrashRecord& crash);

}  // namespace kclhost::host::worker
