// Which daemon lies in a directory of jars.
#pragma once

#include <filesystem>
#include <string>

namespace kclhost::host::config {

// The MultiLangDaemon's version as the name of its jar tells it, "3.1.3"; empty when it does not.
std::string daemon_version(const std::filesystem::path& jars);

// The same of one file's name; empty for another file's.
std::string daemon_version_in(const std::string& name);

// Whether the first version comes before the second, by the numbers in them. An empty one comes before none.
bool is_before(const std::string& version, const std::string& other);

}  // namespace kclhost::host::config
