#include "plugin/neighbours.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

#include "plugin/loadable.hpp"
#include "support/sha256.hpp"

namespace kclhost::host::plugin {
namespace {

namespace fs = std::filesystem;

// The folder that a RUNPATH entry names, from the folder of the file that has it; nothing for one without $ORIGIN.
std::optional<fs::path> below_origin(std::string_view entry) {
  for (const std::string_view origin : {std::string_view("$ORIGIN"), std::string_view("${ORIGIN}")}) {
    if (!entry.starts_with(origin)) continue;
    entry.remove_prefix(origin.size());
    if (!entry.empty() && entry.front() != '/') return std::nullopt;
    while (entry.starts_with('/')) entry.remove_prefix(1);
    return fs::path(entry);
  }
  return std::nullopt;
}

// A library of that name beside the file whose folder is `from` (itself from the plugin's).
std::optional<fs::path> find_beside(const fs::path& plugin_folder, const fs::path& from, const ElfSummary& elf,
                                    const std::string& name, std::vector<fs::path>* places) {
  if (name.empty() || name.find('/') != std::string::npos) return std::nullopt;
  for (const std::string& entry : elf.run_paths) {
    const auto folder = below_origin(entry);
    if (!folder) continue;
    fs::path place = (from / *folder / name).lexically_normal();
    if (places != nullptr) places->push_back(place);
    std::error_code ignored;
    if (fs::exists(plugin_folder / place, ignored)) return place;
  }
  return std::nullopt;
}

}  // namespace

Result<std::vector<Neighbour>> find_neighbours(const fs::path& path, const ElfSummary& elf,
                                               std::vector<fs::path>* places) {
  struct Looked {
    fs::path folder;  // from the plugin's
    ElfSummary elf;
  };
  const fs::path plugin_folder = path.parent_path();
  std::vector<Neighbour> found;
  std::vector<Looked> looked{{"", elf}};
  for (std::size_t i = 0; i < looked.size(); ++i) {
    const Looked from = looked[i];
    for (const std::string& name : from.elf.needed) {
      const auto place = find_beside(plugin_folder, from.folder, from.elf, name, places);
      const auto known = [&](const Neighbour& one) { return one.place == *place; };
      if (!place || std::any_of(found.begin(), found.end(), known)) continue;
      const fs::path source = plugin_folder / *place;
      const Result<std::string> bytes = read_loadable(source);
      if (!bytes) return Error{"needs " + name + ", and " + source.string() + " " + bytes.error()};
      Result<ElfSummary> summary = read_elf(*bytes);
      if (!summary) return Error{"needs " + name + ", and " + source.string() + " " + summary.error()};
      found.push_back({source, *place, sha256_hex(*bytes)});
      looked.push_back({place->parent_path(), std::move(*summary)});
    }
  }
  return found;
}

}  // namespace kclhost::host::plugin
