// What `kclhost launch` does with one stream and with several.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "cli/configuration.hpp"
#include "config/config.hpp"
#include "hub/hub.hpp"
#include "hub/launch_state.hpp"
#include "launch/command.hpp"
#include "launch/outputs.hpp"
#include "launch/service_manager.hpp"
#include "launch/web_server.hpp"
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
// Complains of what keeps the command from being run on this machine; the exit code. exit_done: nothing does.
int refuse_obstacle(const config::Config& config, const launch::Command& command, const std::string& prefix = "");
// Nothing where log.file is not set.
Result<std::optional<observe::LogFile>> open_log_file(const config::Log& config);
// How others hear of the shards: the hub, whoever serves what it knows, and the service manager.
struct Reach {
  std::unique_ptr<hub::Hub> hub{};
  std::optional<launch::WebServer> web{};
  std::optional<launch::ServiceManager> manager{};
};
// `directory`, which must be private, is where the hub's socket is made.
Result<Reach> open_reach(const config::Config& config, const launch::ServiceVariables& variables,
                         const std::filesystem::path& directory, launch::Outputs& outputs);
// What there is to say of a launch with this configuration before it has started its daemon.
hub::LaunchState state_of_launch(const config::Config& config);

// Starts a launch for each of the streams, and looks after them; the exit code.
int launch_streams(const LaunchOptions& options, const launch::ServiceVariables& variables,
                   const std::vector<std::string>& streams);

}  // namespace kclhost::host::cli
