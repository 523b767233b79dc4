// The libraries that a plugin is shipped with: those it looks for beside itself, by $ORIGIN in its RUNPATH.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "plugin/elf.hpp"
#include "support/result.hpp"

namespace kclhost::host::plugin {

struct Neighbour {
  std::filesystem::path source;  // as the loader would open it
  std::filesystem::path place;   // from the plugin's folder; may begin with ".."
  std::string sha256;            // lower-case hex
};

// Those that a plugin at `path` and its neighbours need and that are there, in the order they are found. Each must be
// as the plugin's own file must be; the error names the one that is not. `places`: where it looked, there or not, from
// the plugin's folder; also with an error.
Result<std::vector<Neighbour>> find_neighbours(const std::filesystem::path& path, const ElfSummary& elf,
                                               std::vector<std::filesystem::path>* places = nullptr);

}  // namespace kclhost::host::plugin
