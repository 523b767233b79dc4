// Loads a plugin somewhere harmless, to see what it is.
#pragma once

#include <string>

#include "config/config.hpp"
#include "processor/call.hpp"
#include "support/result.hpp"

namespace kclhost::host::processor {

// Loads the shared object in a process of its own, reads its table and lets it go; create is never called. What the
// plugin prints while it is loaded is dropped. The error begins with a verb: "can't be loaded: ...".
Result<Descriptor> probe(const std::string& path, config::Milliseconds timeout);

}  // namespace kclhost::host::processor
