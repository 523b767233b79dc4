// The small file jobs that starting a daemon takes.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "support/result.hpp"

namespace kclhost::host::launch {

// This program's own file, symlinks followed.
std::filesystem::path own_executable();

// One of the files in config/daemon: the one installed beside this program (../share/kclhost/daemon), else the one in
// the source tree it was built from.
std::optional<std::filesystem::path> shipped_file(const std::string& name);

// The folder of the Rust crate, found in the same way.
std::optional<std::filesystem::path> shipped_crate();

// One of the programs that belong to `kclhost`: beside it, as in a build tree, or in ../libexec/kclhost, as a
// distribution may have it. Empty: in neither.
std::filesystem::path find_companion(const std::filesystem::path& kclhost, const char* program);

// What a shell would run for `program`: itself when it has a slash, else the first hit on the PATH.
std::optional<std::filesystem::path> find_program(const std::string& program);

// Makes a directory that only its owner can enter, missing parents too; an existing one stays as it is.
Result<std::filesystem::path> make_private_directory(const std::filesystem::path& directory);

// Replaces or makes a file that only its owner can read. Readers see the old text or the new, never a part.
Result<std::filesystem::path> write_private_file(const std::filesystem::path& file, std::string_view text);

// The text of a file; nothing when it cannot be read.
std::optional<std::string> read_file(const std::filesystem::path& file);

}  // namespace kclhost::host::launch
