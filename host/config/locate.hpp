// Where a part of the configuration stands in the file.
#pragma once

#include <filesystem>
#include <optional>
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

// The place of what the path leads to from the top of the file; nothing where it is not in the file.
std::optional<Position> locate(const std::filesystem::path& file, const std::string& stream,
                               std::span<const std::string> path);

}  // namespace kclhost::host::config
