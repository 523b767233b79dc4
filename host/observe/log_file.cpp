#include "observe/log_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace kclhost::host::observe {
namespace {

// Out of the way of plugins that close the low descriptors.
constexpr int lowest_log_file = 100;
constexpr mode_t log_file_mode = 0640;

}  // namespace

Result<LogFile> LogFile::open(const std::filesystem::path& path, std::uint64_t size, int keep) {
  LogFile file;
  file.path_ = path;
  file.size_ = size;
  file.keep_ = keep;
  if (const int error = file.reopen(); error != 0) {
    const std::string what = path.string() + ": the log can't be written here: " + std::strerror(error) + "; ";
    return Error{what + (error == ENOENT ? "make its directory" : "name another log.file, or let this user write it")};
  }
  return file;
}

int LogFile::append(std::string_view line) {
  if (moved()) {
    if (const int error = reopen(); error != 0 && !file_) return error;
  }
  struct stat now {};
  if (::fstat(file_.get(), &now) == 0 && now.st_size > 0 &&
      static_cast<std::uint64_t>(now.st_size) + line.size() > size_) {
    make_room();
  }
  // Behind a line that was cut short, so that this one is whole.
  std::string text = torn_ ? "\n" : "";
  text += line;
  for (std::size_t written = 0; written < text.size();) {
    const ssize_t size = ::write(file_.get(), text.data() + written, text.size() - written);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) {
      const int error = size < 0 ? errno : ENOSPC;
      torn_ = torn_ ? written != 1 : written != 0;
      return error;
    }
    written += static_cast<std::size_t>(size);
  }
  torn_ = false;
  return 0;
}

int LogFile::reopen() {
  // Not a FIFO's or a device's place: opening would wait for a reader, or renaming would take it away.
  const Fd opened(
      ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, log_file_mode));
  if (!opened) return errno;
  struct stat status {};
  if (::fstat(opened.get(), &status) != 0) return errno;
  if (!S_ISREG(status.st_mode)) return EINVAL;
  Fd moved_up(::fcntl(opened.get(), F_DUPFD_CLOEXEC, lowest_log_file));
  if (!moved_up) return errno;
  file_ = std::move(moved_up);
  torn_ = false;
  return 0;
}

// Whether the path leads elsewhere by now.
bool LogFile::moved() const {
  struct stat ours {
  }, there{};
  if (::fstat(file_.get(), &ours) != 0 || ::stat(path_.c_str(), &there) != 0) return true;
  return ours.st_ino != there.st_ino || ours.st_dev != there.st_dev;
}

// Who holds the lock on the file that the path leads to renames it. A file takes the path only after that, so no two
// can rename at once.
void LogFile::make_room() {
  if (::flock(file_.get(), LOCK_EX | LOCK_NB) != 0) return;  // somebody else is at it
  if (!moved()) {
    for (int number = keep_ - 1; number > 0; --number) {
      ::rename(numbered(number).c_str(), numbered(number + 1).c_str());
    }
    ::rename(path_.c_str(), numbered(1).c_str());
  }
  ::flock(file_.get(), LOCK_UN);
  if (moved()) reopen();
}

std::filesystem::path LogFile::numbered(int number) const {
  return path_.string() + "." + std::to_string(number);
}

}  // namespace kclhost::host::observe
