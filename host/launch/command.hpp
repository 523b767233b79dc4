// The daemon's command line and properties, as a configuration asks for them.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "support/result.hpp"

namespace kclhost::host::launch {

// What `kclhost launch` says over the configuration.
struct Overrides {
  std::optional<std::string> java;
  std::optional<std::filesystem::path> logback;
  std::string worker_name;  // the daemon's in the lease table, unless the configuration names it; "": the KCL's choice
  bool without_archive = false;  // leave out a class archive that is there
};

// Whether the configuration says what the daemon is called in the lease table.
bool names_worker(const config::Config& config);

struct Command {
  // The configuration's properties, and those kclhost adds where they are not set (see docs/daemon.md).
  std::map<std::string, std::string> properties;
  std::filesystem::path properties_file;  // where the arguments expect them; named after what is in them
  std::filesystem::path jars;             // empty when the configuration does not say
  std::string classpath;
  std::filesystem::path archive;       // of the daemon's classes; empty when the arguments name none of ours
  std::vector<std::string> arguments;  // java first
};

// Fails when the configuration can't work: a property missing that the daemon needs, a path it can't be given. Looks at
// no file but the jars' names. `kclhost` is the absolute path of the program that the daemon is to run for each shard.
Result<Command> make_command(const config::Config& config, const std::filesystem::path& kclhost,
                             const Overrides& overrides = {});

// Why the command can't be run on this machine, if it can't: no Java, no jars.
std::optional<Error> find_obstacle(const config::Config& config, const Command& command);

// Writes the properties to their file.
Result<std::filesystem::path> write_properties(const Command& command);

// The arguments as one line for a POSIX shell.
std::string quote_for_shell(const std::vector<std::string>& arguments);

}  // namespace kclhost::host::launch
