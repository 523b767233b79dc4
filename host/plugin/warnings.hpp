// What is unwise about a plugin that can be loaded all the same.
#pragma once

#include <string>
#include <vector>

#include "plugin/elf.hpp"

namespace kclhost::host::plugin {

// One line each, with the cure.
std::vector<std::string> warnings_of(const ElfSummary& elf);

}  // namespace kclhost::host::plugin
