#include "plugin/copy.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <system_error>

#include "plugin/loadable.hpp"
#include "support/fd.hpp"
#include "support/sha256.hpp"
#include "support/write_all.hpp"

namespace kclhost::host::plugin {
namespace {

namespace fs = std::filesystem;

constexpr mode_t loadable_mode = 0555;
// What a copy leaves of a disk, or a sixteenth of a small one: a dead letter that finds no room stops its shard.
constexpr std::uint64_t most_left_free = 1 << 20;

// True also where the file system does not tell.
bool has_room(const fs::path& folder, std::uint64_t size) {
  struct statvfs disk {};
  if (::statvfs(folder.c_str(), &disk) != 0 || disk.f_blocks == 0) return true;
  const std::uint64_t free = (::geteuid() == 0 ? disk.f_bfree : disk.f_bavail) * disk.f_frsize;
  return free >= size + std::min<std::uint64_t>(most_left_free, disk.f_blocks * disk.f_frsize / 16);
}

void sync_folder(const fs::path& folder) {
  const Fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd) ::fsync(fd.get());
}

}  // namespace

Error staging_failed(const fs::path& path, int error) {
  const bool full = error == ENOSPC || error == EDQUOT;
  return {"can't stage the plugin: " + path.string() + ": " + std::generic_category().message(error) +
          (full ? "; free some space there" : "; state_dir must be writable for kclhost")};
}

// A copy with other bytes, or that others may write, is made anew: running workers keep the one that they have mapped.
std::optional<Error> place(const fs::path& path, std::string_view bytes, mode_t mode, bool& made) {
  if (const Result<std::string> there = read_loadable(path); there && *there == bytes) return std::nullopt;
  made = true;
  if (!has_room(path.parent_path(), bytes.size())) return staging_failed(path, ENOSPC);
  std::string temporary = path.string() + ".XXXXXX";
  const Fd fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd) return staging_failed(path, errno);
  if (write_all(fd.get(), bytes) && ::fchmod(fd.get(), mode) == 0 && ::fsync(fd.get()) == 0 &&
      ::rename(temporary.c_str(), path.c_str()) == 0) {
    sync_folder(path.parent_path());
    return std::nullopt;
  }
  const int error = errno;
  ::unlink(temporary.c_str());
  return staging_failed(path, error);
}

std::optional<Error> open_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return staging_failed(folder, error.value());
  struct stat status {};
  if (::stat(folder.c_str(), &status) != 0) return staging_failed(folder, errno);
  if (status.st_uid != ::geteuid() && status.st_uid != 0)
    return Error{"can't stage the plugin: " + folder.string() +
                 ": the folder belongs to another user; run this as that one, or take another state_dir"};
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0 && ::chmod(folder.c_str(), 0755) != 0)
    return staging_failed(folder, errno);
  return std::nullopt;
}

std::string content_of(const File& file, const std::vector<Neighbour>& neighbours) {
  if (neighbours.empty()) return file.sha256;
  std::string content = file.sha256;
  for (const Neighbour& one : neighbours) content += "\n" + one.sha256 + " " + one.place.string();
  return sha256_hex(content);
}

// The plugin lies so deep that every library is within the folder, where $ORIGIN leads.
Result<std::vector<CopiedFile>> copy_into(const fs::path& folder, const File& file,
                                          const std::vector<Neighbour>& neighbours, bool& made) {
  std::ptrdiff_t up = 0;
  for (const Neighbour& one : neighbours) up = std::max(up, std::count(one.place.begin(), one.place.end(), ".."));
  fs::path home;
  for (; up > 0; --up) home /= "up";
  std::vector<CopiedFile> copies{{home / file.path.filename(), file.sha256}};
  if (auto error = open_folder(folder)) return *error;
  for (const Neighbour& one : neighbours) {
    const fs::path copy = (home / one.place).lexically_normal();
    const Result<std::string> bytes = read_loadable(one.source);
    if (!bytes) return Error{one.source.string() + " " + bytes.error()};
    if (sha256_hex(*bytes) != one.sha256)
      return Error{one.source.string() + " changed while it was read; replace files by renaming new ones onto them"};
    if (auto error = open_folder((folder / copy).parent_path())) return *error;
    if (auto error = place(folder / copy, *bytes, loadable_mode, made)) return *error;
    copies.push_back({copy, one.sha256});
  }
  if (auto error = open_folder(folder / home)) return *error;
  if (auto error = place(folder / copies.front().path, file.bytes, loadable_mode, made)) return *error;
  return copies;
}

}  // namespace kclhost::host::plugin
