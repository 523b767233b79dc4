// What can be told of a shared object without loading it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "support/result.hpp"

namespace kclhost::host::plugin {

// Names that are no one line of UTF-8 are left out: no compiler and no linker makes them, and no message may show them.
struct ElfSummary {
  std::vector<std::string> exported;  // defined global and weak dynamic symbols, sorted
  std::vector<std::string> unique;  // those among them that are GNU-unique: they pin the library and merge with others'
  std::vector<std::string> needed;  // DT_NEEDED
  std::vector<std::string> run_paths;  // the parts of DT_RUNPATH, or else of DT_RPATH
};

// Reads a whole shared object for this machine. The error says what is wrong with the bytes ("is no ELF file: ...").
Result<ElfSummary> read_elf(std::string_view bytes);

}  // namespace kclhost::host::plugin
