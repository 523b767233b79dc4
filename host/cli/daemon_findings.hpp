// What `check` finds in the settings of the daemon.
#pragma once

#include "cli/findings.hpp"

namespace kclhost::host::cli {

// Adds to the problems and notes what there is to say of `config.daemon`; nothing where no daemon is configured.
void check_daemon(const config::Config& config, Findings& findings);

}  // namespace kclhost::host::cli
