// What the host makes of how a worker ended.
#pragma once

#include <string>
#include <vector>

#include "worker/control.hpp"

namespace kclhost::host::worker {

struct Stack {
  std::vector<std::string> lines;  // "FUNCTION+OFFSET in MODULE", innermost first
  // "F+0x1 < G+0x2": the innermost few of those that lie in the plugin's file, without the SDK's.
  std::string in_plugin;
};

// The stack with function names where the modules' symbols tell them. The module at `staged_path` is called
// `plugin_path`. The record is a stranger's word: whatever it says, this neither blocks nor takes more than a bounded
// time and memory.
Stack describe_stack(const CrashRecord& record, const std::string& staged_path, const std::string& plugin_path);

// "SIGSEGV", or "signal 99".
std::string signal_name(int signal);

}  // namespace kclhost::host::worker
