// Loads a plugin into this process.
#pragma once

#include <filesystem>

#include "plugin/table.hpp"
#include "support/result.hpp"

namespace kclhost::host::plugin {

// Loads a shared object, which runs its static constructors, and reads its table. It is never unloaded. The error is
// the dynamic linker's or the table's, without the file's name.
Result<PluginTable> load(const std::filesystem::path& path);

}  // namespace kclhost::host::plugin
