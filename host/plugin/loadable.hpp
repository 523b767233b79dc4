// Files that a plugin's process is to load.
#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "support/result.hpp"

namespace kclhost::host::plugin {

// Why a file with this status must not be loaded; empty when it may: regular, root's or ours, writable by nobody else.
std::string objection(const struct stat& status);

// Whether users who have nothing to do with a folder may rename what is in it, and put other things in its place. A
// folder with the sticky bit, or on a mount that is read-only for us, is not meant.
bool writable_for_all(const std::filesystem::path& folder);

// All of a file that may be loaded. The error is what follows the file's name: "can't be opened: …".
Result<std::string> read_loadable(const std::filesystem::path& path);

// The SHA-256 of such a file, in lower-case hex, without the file in memory at once: a host that holds it for a moment
// keeps the room, and so do the workers that it forks. Errors as above.
Result<std::string> hash_loadable(const std::filesystem::path& path);

}  // namespace kclhost::host::plugin
