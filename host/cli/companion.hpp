// The programs beside kclhost that do the work of some commands: what runs once per shard stays free of HTTP and TLS.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace kclhost::host::cli {

// A command that becomes `program`, from kclhost's own folder or ../libexec/kclhost, with all that follows `command` on
// the command line. Where that fails, it complains and gives the exit code.
std::function<int(const std::vector<std::string>&)> handed_to(const char* program, const char* command);

}  // namespace kclhost::host::cli
