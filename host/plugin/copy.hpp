// A plugin's files in another folder, laid out so that each finds the others.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "plugin/file.hpp"
#include "plugin/neighbours.hpp"
#include "support/result.hpp"

namespace kclhost::host::plugin {

// The SHA-256 of all that a plugin is shipped with: of its own file where that is all.
std::string content_of(const File& file, const std::vector<Neighbour>& neighbours);

struct CopiedFile {
  std::filesystem::path path;  // from the folder
  std::string sha256;
};

// Puts copies of a plugin's file and of the libraries that it looks for beside itself into `folder`, the plugin's own
// first. What is there already with the same bytes stays as it is, and so does what workers have mapped: other bytes
// come in a new file. `made` tells whether anything was copied. The error names the file or folder at fault.
Result<std::vector<CopiedFile>> copy_into(const std::filesystem::path& folder, const File& file,
                                          const std::vector<Neighbour>& neighbours, bool& made);

// Makes sure that a folder is there, is ours or root's, and writable by nobody else: whoever can write into it decides
// what we load from it.
std::optional<Error> open_folder(const std::filesystem::path& folder);

// Makes sure that a file is there with these bytes and this mode, whole even after a power cut.
std::optional<Error> place(const std::filesystem::path& path, std::string_view bytes, mode_t mode, bool& made);

// "can't stage the plugin: PATH: why; the cure".
Error staging_failed(const std::filesystem::path& path, int error);

}  // namespace kclhost::host::plugin
