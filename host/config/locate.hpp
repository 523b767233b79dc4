// Where a part of plugin.config, or of shadow.config, stands in the file.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"

namespace kclhost::host::config {

// The place of what each path (names and indexes from the top of SECTION.config) leads to, or of the last thing on the
// path that is there. Reads the file again: positions are kept only while somebody looks for them.
std::vector<Position> locate_in_config_of(std::string_view section, const std::filesystem::path& file,
                                          const std::string& stream, std::span<const std::vector<std::string>> paths);

}  // namespace kclhost::host::config
