// What `kclhost launch` does with one stream and with several.
#pragma once

#include <optional>
#include <string>

#include "cli/configuration.hpp"
#include "config/config.hpp"
#include "hub/launch_state.hpp"
#include "launch/command.hpp"
#include "observe/log_file.hpp"
#include "support/result.hpp"

namespace kclhost::host::cli {

struct LaunchOptions {
  Source config{};
  std::string java{};
  std::string logback{};
  bool print_command = false;
  bool print_classpath = false;
  bool print_properties = false;
};

launch::Overrides overrides_of(const LaunchOptions& options);
// Nothing where log.file is not set.
Result<std::optional<observe::LogFile>> open_log_file(const config::Log& config);
// What there is to say of a launch with this configuration before it has started its daemon.
hub::LaunchState state_of_launch(const config::Config& config);

// Starts a launch for each of the streams, and looks after them; the exit code.
int launch_streams(const LaunchOptions& options, const std::vector<std::string>& streams);

}  // namespace kclhost::host::cli
