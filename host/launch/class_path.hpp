// Java's class path for a directory of jars.
#pragma once

#include <filesystem>
#include <string>

namespace kclhost::host::launch {

// Each jar by its path, symlinks followed, in the order of the names, with colons between them: a class archive fits
// only the same jars in the same order, and the order of a wildcard is the file system's. For a directory without jars,
// DIRECTORY/*.
std::string class_path(const std::filesystem::path& jars);

// The first path in `jars`, the directory's or a jar's, that can't be part of a class path because it has a colon in
// it; empty when there is none.
std::filesystem::path find_colon(const std::filesystem::path& jars);

}  // namespace kclhost::host::launch
