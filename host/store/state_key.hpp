// Whose state it is.
#pragma once

#include <string>

#include "config/config.hpp"

namespace kclhost::host::store {

// What keeps one application's state on disk apart from another's: its name and its stream's; where the configuration
// names no application, the configuration file itself stands for it.
std::string state_key(const config::Config& config);
// The same for what `kclhost replay` plays with that configuration.
std::string replay_state_key(const config::Config& config);

// A property of the daemon's, "" when the configuration does not set it.
std::string daemon_property(const config::Config& config, const char* name);
// The stream's name: streamName, or what streamArn ends with. "" when the configuration names none.
std::string stream_name(const config::Config& config);

}  // namespace kclhost::host::store
