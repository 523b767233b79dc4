// What the host makes of how a worker ended.
#pragma once

#include <string>
#include <vector>

#include "worker/control.hpp"

namespace kclhost::host::worker {

// A line per frame, innermost first, with function names where the modules' symbols tell them. The module at
// `staged_path` is called `plugin_path`. The record is a stranger's word: whatever it says, this neither blocks nor
// takes more than a bounded time and memory.
std::vector<std::string> describe_stack(const CrashRecord& record, const std::string& staged_path,
                                        const std::string& plugin_path);

// "SIGSEGV", or "signal 99".
std::string signal_name(int signal);

}  // namespace kclhost::host::worker
