// Whole files in a directory: what is not whole has a name that begins with a dot and ends in ".partial".
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace archiver {

struct Name {
  std::string shard, rest;  // SHARD.REST
  std::string extension;    // ".jsonl"
};

// Makes a file of this content, which outlives the machine's end when this returns; the path that it got: where the
// name is taken, ".1" is added to it, or ".2" and so on. Until it is whole and synced it has another name, which is
// locked. Throws std::system_error; nothing is left then.
std::filesystem::path write_whole(const std::filesystem::path& directory, const Name& name, std::string_view content);

// Removes what processes that have died while they wrote have left of the shard's files. Those that are being written
// are locked, and stay. Throws std::system_error where the directory can't be read.
void remove_partial(const std::filesystem::path& directory, std::string_view shard);

}  // namespace archiver
