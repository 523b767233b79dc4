// What the programs' main functions return; see "Exit codes" in the README.
#pragma once

namespace kclhost::host {

enum ExitCode : int {
  exit_done = 0,
  exit_stopped = 1,      // by policy, or a failed check
  exit_usage = 2,        // bad usage, configuration or input
  exit_plugin = 3,       // the plugin cannot be loaded
  exit_broken_pipe = 4,  // the other side of a pipe went away mid-message
  exit_under_way = 5,    // not done yet, and not failed
};

}  // namespace kclhost::host
