#include "run/file_watch.hpp"

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <system_error>
#include <utility>

namespace kclhost::host::run {
namespace {

namespace fs = std::filesystem;

constexpr int most_links = 40;  // as the kernel has it

constexpr std::uint32_t wanted_events =
    IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF | IN_ONLYDIR;

// What is created as a file is still empty, and closed when it is written; a link or a folder is whole at once.
bool is_whole_when_created(const fs::path& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 && (!S_ISREG(status.st_mode) || status.st_nlink > 1);
}

}  // namespace

void FileWatch::open() {
  fd_.reset(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
}

void FileWatch::watch(std::vector<File> files) {
  files_ = std::move(files);
  resolve();
}

void FileWatch::resolve() {
  if (!fd_) return;
  const std::vector<Entry> before = std::exchange(entries_, {});
  is_short_ = false;
  unwatched_.clear();
  folders_.clear();
  for (const File& file : files_) walk(file);
  for (const Entry& old : before) {
    const auto same = [&old](const Entry& one) { return one.folder == old.folder; };
    if (std::none_of(entries_.begin(), entries_.end(), same)) ::inotify_rm_watch(fd_.get(), old.folder);
  }
}

// Every link on the way, the file itself, and what is missing.
void FileWatch::walk(const File& file) {
  fs::path at = "/";
  const fs::path relative = file.path.relative_path();
  std::deque<fs::path> rest(relative.begin(), relative.end());
  for (int links = 0; !rest.empty();) {
    const std::string name = rest.front().string();
    rest.pop_front();
    if (name.empty() || name == ".") continue;
    if (name == "..") {
      at = at.parent_path();
      continue;
    }
    fs::path next = at / name;
    // Most files lie behind the same folders.
    if (!rest.empty() && std::find(folders_.begin(), folders_.end(), next) != folders_.end()) {
      at = std::move(next);
      continue;
    }
    struct stat status {};
    const bool there = ::lstat(next.c_str(), &status) == 0;
    const bool is_folder = there && S_ISDIR(status.st_mode);
    if (!is_folder || rest.empty()) note(at, name, file.tags);
    if (!there) return;
    if (is_folder) folders_.push_back(next);
    if (S_ISLNK(status.st_mode)) {
      std::error_code error;
      const fs::path to = fs::read_symlink(next, error);
      if (error || ++links > most_links) return;
      if (to.is_absolute()) at = "/";
      const fs::path parts = to.relative_path();
      rest.insert(rest.begin(), parts.begin(), parts.end());
    } else {
      at = std::move(next);
    }
  }
}

void FileWatch::note(const fs::path& folder, const std::string& name, Tags tags) {
  const int number = ::inotify_add_watch(fd_.get(), folder.c_str(), wanted_events);
  if (number < 0) {
    const int error = errno;
    if (error == ENOSPC) {
      is_short_ = true;
    } else if (error != ENOENT && error != ENOTDIR) {
      unwatched_ = folder.string() + " can't be watched: " + std::strerror(error);
    }
    return;
  }
  const auto known = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry& one) { return one.folder == number && one.name == name; });
  if (known != entries_.end()) {
    known->tags |= tags;
  } else {
    entries_.push_back({number, name, tags, folder / name});
  }
}

FileWatch::Tags FileWatch::take() {
  Tags tags = 0;
  alignas(inotify_event) char bytes[16'384];
  for (;;) {
    const ssize_t size = ::read(fd_.get(), bytes, sizeof bytes);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) break;
    for (const char* at = bytes; at < bytes + size;) {
      inotify_event event;
      std::memcpy(&event, at, sizeof event);
      const std::string name(event.len != 0 ? at + sizeof event : "");
      at += sizeof event + event.len;
      for (const Entry& entry : entries_) {
        const bool lost = (event.mask & IN_Q_OVERFLOW) != 0;
        const bool folder_went = entry.folder == event.wd && (event.mask & (IN_MOVE_SELF | IN_DELETE_SELF)) != 0;
        const bool named = entry.folder == event.wd && entry.name == name &&
                           ((event.mask & IN_CREATE) == 0 || is_whole_when_created(entry.path));
        if (lost || folder_went || named) tags |= entry.tags;
      }
    }
  }
  // A link may lead elsewhere now.
  if (tags != 0) resolve();
  return tags;
}

}  // namespace kclhost::host::run
