// `kclhost fetch-daemon` as a cure that is printed. It brings no other daemon than the one that somebody chose.
#pragma once

#include <string>

#include "config/config.hpp"

namespace kclhost::host::launch {

// Fetches again what daemon.jars holds, or held: its version, where the pom that is shipped names another.
std::string command_to_fetch(const config::Config& config, const std::string& java);

// Makes the class archive anew, and leaves the jars as they are.
std::string command_for_archive(const config::Config& config, const std::string& java);

}  // namespace kclhost::host::launch
