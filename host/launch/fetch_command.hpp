// `kclhost fetch-daemon` as a cure that is printed. It brings no other daemon than the one that somebody chose.
#pragma once

#include <string>

#include "config/config.hpp"

namespace kclhost::host::launch {

// "run: COMMAND", the command at the end, to be pasted: it fetches again what daemon.jars holds, or held, its version
// where the pom that is shipped names another. What to add for a pom of the user's own stands in front.
std::string how_to_fetch(const config::Config& config, const std::string& java);

// Makes the class archive anew, and leaves the jars as they are.
std::string command_for_archive(const config::Config& config, const std::string& java);

}  // namespace kclhost::host::launch
