// Finds a plugin's file, and makes sure that it may be loaded.
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

// plugins_dir, as it really is; the error says why it can't be used.
Result<std::filesystem::path> folder_of_plugins(const config::Config& config);

// Finds the configured plugin inside plugins_dir (symlinks are followed but may not lead out) and reads it; the sha256
// pin must match.
Result<File> find(const config::Config& config);

// The same for the shadow's plugin, which nobody pins.
Result<File> find_shadow(const config::Config& config);

}  // namespace kclhost::host::plugin
