// Folders: room, and who may write.
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "doctor/checks.hpp"

namespace kclhost::host::doctor {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t least_room = 64ull << 20;  // a file of dead letters, by default
constexpr std::uint64_t least_files = 100;

// The nearest folder above that is there.
fs::path existing(fs::path path) {
  std::error_code ignored;
  while (path.has_relative_path() && !fs::exists(path, ignored)) path = path.parent_path();
  return path;
}

void look_at_room(const char* key, const fs::path& folder, Outcome& outcome) {
  struct statvfs disk {};
  if (::statvfs(existing(folder).c_str(), &disk) != 0) return;
  const std::uint64_t room = std::uint64_t{disk.f_bavail} * disk.f_frsize;
  const std::string cure = std::string("free some space there, or set ") + key + " to a folder on another disk";
  if (room < least_room) {
    outcome.findings.push_back(
        {folder.string(), std::string(key) + " has " + std::to_string(room >> 10) + " KiB left", cure});
  } else if (disk.f_files != 0 && disk.f_favail < least_files) {
    outcome.findings.push_back(
        {folder.string(), std::string(key) + " has room for " + std::to_string(disk.f_favail) + " files more", cure});
  }
}

void look_at_mode(const char* key, const fs::path& folder, const char* risk, Outcome& outcome) {
  struct stat about {};
  if (::stat(folder.c_str(), &about) != 0 || (about.st_mode & S_IWOTH) == 0) return;
  outcome.findings.push_back(
      {folder.string(), std::string(key) + " is writable for all: " + risk, "chmod o-w " + folder.string()});
}

}  // namespace

Outcome look_at_folders(Setup& setup) {
  Outcome outcome;
  const config::Config& config = setup.config;
  look_at_mode("state_dir", config.state_dir, "anybody can take away what kclhost has to remember", outcome);
  look_at_room("state_dir", config.state_dir, outcome);
  if (config.on_error.then == config::Then::dead_letter) {
    look_at_mode("dead_letter.path", config.dead_letter.path, "anybody can take records away", outcome);
    if (config.dead_letter.path.parent_path() != config.state_dir) {
      look_at_room("dead_letter.path", config.dead_letter.path, outcome);
    }
  }
  outcome.says = "state_dir " + config.state_dir.string();
  return outcome;
}

}  // namespace kclhost::host::doctor
