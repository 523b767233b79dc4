// Plugins' copies in STATE_DIR/staged.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <optional>
#include <system_error>
#include <vector>

#include "plugin/file.hpp"
#include "plugin/loadable.hpp"
#include "plugin/neighbours.hpp"
#include "support/fd.hpp"
#include "support/sha256.hpp"
#include "support/write_all.hpp"

namespace kclhost::host::plugin {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kept_copies = 4;  // beside the one in use
constexpr std::size_t hash_size = 64;

Error failed(const fs::path& path, int error) {
  const bool full = error == ENOSPC || error == EDQUOT;
  return {"can't stage the plugin: " + path.string() + ": " + std::generic_category().message(error) +
          (full ? "; free some space there" : "; state_dir must be writable for kclhost")};
}

void sync_folder(const fs::path& folder) {
  const Fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd) ::fsync(fd.get());
}

// Makes sure that a file is there with these bytes, whole even after a power cut. A copy with other bytes, or that
// others may write, is made anew, which `made` tells: running workers keep the one that they have mapped.
std::optional<Error> place(const fs::path& path, std::string_view bytes, bool& made) {
  if (const Result<std::string> there = read_loadable(path); there && *there == bytes) return std::nullopt;
  made = true;
  std::string temporary = path.string() + ".XXXXXX";
  const Fd fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd) return failed(path, errno);
  if (write_all(fd.get(), bytes) && ::fchmod(fd.get(), 0555) == 0 && ::fsync(fd.get()) == 0 &&
      ::rename(temporary.c_str(), path.c_str()) == 0) {
    sync_folder(path.parent_path());
    return std::nullopt;
  }
  const int error = errno;
  ::unlink(temporary.c_str());
  return failed(path, error);
}

// Whoever can write into a folder decides what we load from it.
std::optional<Error> open_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return failed(folder, error.value());
  struct stat status {};
  if (::stat(folder.c_str(), &status) != 0) return failed(folder, errno);
  if (status.st_uid != ::geteuid() && status.st_uid != 0)
    return Error{"can't stage the plugin: " + folder.string() + ": the folder belongs to another user"};
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0 && ::chmod(folder.c_str(), 0755) != 0) return failed(folder, errno);
  return std::nullopt;
}

// A folder of its own, in which every library lies where $ORIGIN leads.
Result<fs::path> stage_with(const File& file, const std::vector<Neighbour>& neighbours, const fs::path& folder,
                            bool& made) {
  std::string content = file.sha256;
  std::ptrdiff_t up = 0;
  for (const Neighbour& one : neighbours) {
    content += "\n" + one.sha256 + " " + one.place.string();
    up = std::max(up, std::count(one.place.begin(), one.place.end(), ".."));
  }
  const fs::path root = folder / (sha256_hex(content) + ".d");
  fs::path home = root;
  for (; up > 0; --up) home /= "up";
  const fs::path plugin = home / file.path.filename();
  if (auto error = open_folder(root)) return *error;
  for (const Neighbour& one : neighbours) {
    const fs::path copy = (home / one.place).lexically_normal();
    const Result<std::string> bytes = read_loadable(one.source);
    if (!bytes) return Error{one.source.string() + " " + bytes.error()};
    if (sha256_hex(*bytes) != one.sha256)
      return Error{one.source.string() + " changed while it was read; replace files by renaming new ones onto them"};
    if (auto error = open_folder(copy.parent_path())) return *error;
    if (auto error = place(copy, *bytes, made)) return *error;
  }
  if (auto error = open_folder(home)) return *error;
  if (auto error = place(plugin, file.bytes, made)) return *error;
  return plugin;
}

// What a process left that ended while it copied.
bool is_left_over(const std::string& name, const struct stat& status) {
  constexpr std::time_t an_hour = 3600;
  return name.size() > hash_size && name.substr(hash_size).starts_with(".so.") &&
         ::time(nullptr) - status.st_mtime > an_hour;
}

bool used_within_the_hour(const fs::path& copy) {
  constexpr std::time_t an_hour = 3600;
  struct stat status {};
  return ::stat(copy.c_str(), &status) == 0 && ::time(nullptr) - status.st_mtime < an_hour;
}

// Of the copies that are not in use here, those used last stay: others may be about to load them.
void remove_old(const fs::path& folder, const fs::path& in_use) {
  struct Copy {
    fs::path path;
    timespec used;
  };
  std::vector<Copy> copies;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    struct stat status {};
    const bool ours = name.find_first_not_of("0123456789abcdef") == hash_size;
    if (!ours || entry->path() == in_use || ::lstat(entry->path().c_str(), &status) != 0) continue;
    if (name.substr(hash_size) == ".so" || name.substr(hash_size) == ".d")
      copies.push_back({entry->path(), status.st_mtim});
    else if (is_left_over(name, status))
      ::unlink(entry->path().c_str());
  }
  if (copies.size() <= kept_copies) return;
  std::sort(copies.begin(), copies.end(), [](const Copy& a, const Copy& b) {
    return a.used.tv_sec != b.used.tv_sec ? a.used.tv_sec > b.used.tv_sec : a.used.tv_nsec > b.used.tv_nsec;
  });
  for (std::size_t i = kept_copies; i < copies.size(); ++i) fs::remove_all(copies[i].path, error);
}

}  // namespace

Result<fs::path> stage(const File& file, const fs::path& state_dir) {
  const fs::path folder = state_dir / "staged";
  if (auto error = open_folder(folder)) return *error;
  const Result<std::vector<Neighbour>> neighbours = find_neighbours(file.path, file.elf);
  if (!neighbours) return Error{"plugin " + file.path.string() + " " + neighbours.error()};
  bool made = false;
  Result<fs::path> staged = folder / (file.sha256 + ".so");
  if (!neighbours->empty()) {
    staged = stage_with(file, *neighbours, folder, made);
    if (!staged) return staged;
  } else if (auto error = place(*staged, file.bytes, made)) {
    return *error;
  }
  const fs::path in_use = folder / *staged->lexically_relative(folder).begin();
  // Every start of every shard comes here: most of them find all as it should be.
  if (!made && used_within_the_hour(in_use)) return staged;
  ::utimensat(AT_FDCWD, in_use.c_str(), nullptr, 0);
  remove_old(folder, in_use);
  return staged;
}

}  // namespace kclhost::host::plugin
