// Finds a plugin's file, makes sure that it may be loaded, and puts a copy where nobody overwrites it.
#pragma once

#include <filesystem>
#include <string>

#include "config/config.hpp"
#include "plugin/elf.hpp"
#include "support/result.hpp"

namespace kclhost::host::plugin {

// A plugin's file as it was read, once.
struct File {
  std::filesystem::path path;  // canonical
  std::string bytes;
  std::string sha256;  // lower-case hex
  ElfSummary elf;
};

// Reads a file that is to be loaded: regular, owned by root or us, writable by nobody else, a whole ELF shared object
// for this machine that exports the entry function. The error names the file.
Result<File> read_file(const std::filesystem::path& path);

// The same for bytes that were read, whoever owns the file.
Result<File> file_of(const std::filesystem::path& path, std::string bytes);

// Finds the configured plugin inside plugins_dir (symlinks are followed but may not lead out) and reads it; the sha256
// pin must match.
Result<File> find(const config::Config& config);

// Makes sure that STATE_DIR/staged has a copy of the file, by its content, and returns that copy's path. Overwriting
// the original can't touch a running worker then. A plugin that looks for libraries beside itself ($ORIGIN in its
// RUNPATH) is copied with them, so that it finds the copies. Of other plugins' copies the four used last are kept. Safe
// when many hosts do it at once. The error names the file or folder at fault.
Result<std::filesystem::path> stage(const File& file, const std::filesystem::path& state_dir);

}  // namespace kclhost::host::plugin
