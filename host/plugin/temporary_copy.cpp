#include "plugin/temporary_copy.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "plugin/copy.hpp"
#include "plugin/neighbours.hpp"

namespace kclhost::host::plugin {
namespace {

constexpr std::string_view copy_prefix = ".copy-";

}  // namespace

Result<TemporaryCopy> TemporaryCopy::make(const File& file, const std::filesystem::path& state_dir) {
  const std::filesystem::path releases = state_dir / "releases";
  std::filesystem::path home = releases;
  std::error_code ignored;
  while (home.has_relative_path() && !std::filesystem::exists(home, ignored)) home = home.parent_path();
  if (home == releases) {
    if (auto error = open_folder(releases)) return *error;
  }
  const Result<std::vector<Neighbour>> neighbours = find_neighbours(file.path, file.elf);
  if (!neighbours) return Error{"plugin " + file.path.string() + " " + neighbours.error()};
  std::string folder = (home / (std::string(copy_prefix) + "XXXXXX")).string();
  if (::mkdtemp(folder.data()) == nullptr) return staging_failed(home == releases ? folder : releases.string(), errno);
  TemporaryCopy copy;
  copy.folder_ = folder;
  ::chmod(folder.c_str(), 0755);  // who loads it may be another user
  copy.in_use_.reset(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (copy.in_use_) ::flock(copy.in_use_.get(), LOCK_EX | LOCK_NB);
  bool made = false;
  const auto files = copy_into(copy.folder_, file, *neighbours, made);
  if (!files) return Error{files.error()};
  copy.path_ = copy.folder_ / files->front().path;
  return copy;
}

TemporaryCopy& TemporaryCopy::operator=(TemporaryCopy&& other) noexcept {
  remove();
  folder_ = std::exchange(other.folder_, {});
  path_ = std::move(other.path_);
  in_use_ = std::move(other.in_use_);
  return *this;
}

TemporaryCopy::~TemporaryCopy() {
  remove();
}

void TemporaryCopy::remove() {
  std::error_code ignored;
  if (in_use_ && !folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

void TemporaryCopy::remove_left_overs(const std::filesystem::path& folder) {
  constexpr std::time_t an_hour = 3600;  // a younger one may not be locked yet
  std::error_code error;
  std::vector<std::filesystem::path> left;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    struct stat status {};
    if (!entry->path().filename().string().starts_with(copy_prefix) || ::lstat(entry->path().c_str(), &status) != 0 ||
        ::time(nullptr) - status.st_mtime < an_hour)
      continue;
    const Fd fd(::open(entry->path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
    if (fd && ::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) left.push_back(entry->path());
  }
  for (const auto& path : left) std::filesystem::remove_all(path, error);
}

}  // namespace kclhost::host::plugin
