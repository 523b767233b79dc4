// Plugins' copies in STATE_DIR/staged.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <system_error>
#include <vector>

#include "plugin/copy.hpp"
#include "plugin/file.hpp"
#include "plugin/neighbours.hpp"

namespace kclhost::host::plugin {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kept_copies = 4;  // beside the one in use
constexpr std::size_t hash_size = 64;

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
  fs::path in_use = folder / (file.sha256 + ".so"), staged = in_use;
  if (!neighbours->empty()) {
    in_use = folder / (content_of(file, *neighbours) + ".d");
    const auto copies = copy_into(in_use, file, *neighbours, made);
    if (!copies) return Error{copies.error()};
    staged = in_use / copies->front().path;
  } else if (auto error = place(staged, file.bytes, made)) {
    return *error;
  }
  // Every start of every shard comes here: most of them find all as it should be.
  if (!made && used_within_the_hour(in_use)) return staged;
  ::utimensat(AT_FDCWD, in_use.c_str(), nullptr, 0);
  remove_old(folder, in_use);
  return staged;
}

}  // namespace kclhost::host::plugin
