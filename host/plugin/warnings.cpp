#include "plugin/warnings.hpp"

#include <algorithm>

#include "kclhost/plugin.h"

namespace kclhost::host::plugin {

std::vector<std::string> warnings_of(const ElfSummary& elf) {
  std::vector<std::string> warnings;
  const auto others = std::count_if(elf.exported.begin(), elf.exported.end(),
                                    [](const std::string& name) { return !name.starts_with("kclhost_plugin_v"); });
  if (others > 0) {
    warnings.push_back("exports " + std::to_string(others) + (others == 1 ? " symbol" : " symbols") +
                       " besides " KCLHOST_ENTRY_SYMBOL "; build it with kclhost_add_plugin, which hides them");
  }
  if (!elf.unique.empty()) {
    warnings.push_back("has GNU-unique symbols (" + elf.unique.front() +
                       ", ...), which are shared between all libraries of a process; compile with -fno-gnu-unique");
  }
  return warnings;
}

}  // namespace kclhost::host::plugin
