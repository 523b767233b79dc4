// What a crashing worker leaves behind, and what the host makes of it.
#pragma once

#include <string>
#include <vector>

#include "processor/control.hpp"

namespace kclhost::host::processor {

// In the worker: from now on a fatal signal writes the stack into `record` before it kills the process. `record` must
// outlive the process's threads. Once per process.
void record_crashes(CrashRecord& record);

// In the host: a line per frame, innermost first, with function names where the modules' symbols tell them. The module
// at `staged_path` is called `plugin_path`.
std::vector<std::string> describe_stack(const CrashRecord& record, const std::string& staged_path,
                                        const std::string& plugin_path);

// "SIGSEGV", or "signal 99".
std::string signal_name(int signal);

}  // namespace kclhost::host::processor
