// What the writing and the reading side of dead letters agree on: the files' names and locks, and how a file ends.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "support/fd.hpp"
#include "support/result.hpp"

namespace kclhost::host::store {

// A file's name taken apart: APPLICATION.SHARD.jsonl, or APPLICATION.SHARD.TIME.jsonl for one that is full. Both parts
// are as in the name, with what is unsafe in it (a dot too) percent-encoded.
struct DeadLetterName {
  std::string application, shard;
  std::string time;  // "" for the file that is written to

  static DeadLetterName of(std::string_view application, std::string_view shard_id);
  static std::optional<DeadLetterName> parse(std::string_view file_name);
  std::string str() const;
};

// "can't WHAT PATH: the system's reason; cure", for a person.
std::string file_problem(std::string_view what, const std::filesystem::path& path, int error);

// Makes the directory, for this user alone, and what is missing above it, and waits until the disk has them. "" or why
// not.
std::string make_directory(const std::filesystem::path& directory);
// Waits until the disk has the names in a directory. "" or why not.
std::string sync_directory(const std::filesystem::path& directory);

// Opens a file for reading and appending, made if it is not there, and takes its lock, waiting for whoever has it. What
// comes back has that name now, whatever was renamed meanwhile.
Result<Fd> open_locked(const std::filesystem::path& path);
// Takes the lock of an open file; false when the name stands for another file by now.
bool lock_if_still(int fd, const std::filesystem::path& path);
void unlock(int fd);

// How many bytes at the front of a file are whole lines, going by its last lines: what a power cut left behind the last
// whole one does not count. An error when the end is no dead letter at all, torn or not.
Result<std::uint64_t> whole_lines(int fd, std::uint64_t size, const std::filesystem::path& path);

}  // namespace kclhost::host::store
