// Loads a plugin somewhere harmless, to see what it is.
#pragma once

#include <string>

#include "config/config.hpp"
#include "plugin/call.hpp"
#include "support/result.hpp"

namespace kclhost::host::worker {

// Loads the shared object in a process of its own, reads its table and lets it go; create is never called. The error
// begins with a verb, "can't be loaded: ...", and has the last of what the plugin printed meanwhile: a library that
// ends its process says there why. With an event loop of its own.
Result<Descriptor> probe(const std::string& path, config::Milliseconds timeout);

}  // namespace kclhost::host::worker
