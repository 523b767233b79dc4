#include "launch/worker_name.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstdio>
#include <system_error>
#include <thread>

#include "launch/files.hpp"
#include "support/file_name.hpp"
#include "support/random_seed.hpp"

namespace kclhost::host::launch {
namespace {

namespace fs = std::filesystem;

// Daemons of one application on one machine: more than one is rare.
constexpr int most_names = 1'000;

// A JVM that was killed with its launch is there until the last of its threads has ended. One that lives on has been
// told to end, and may take longer than anybody should wait.
constexpr std::chrono::milliseconds patience_with_lock{5'000}, lock_pause{20};

Error not_kept(const fs::path& file, const char* what, int error) {
  return {file.string() + ": " + what + ": " + std::generic_category().message(error) +
          "; it keeps the daemon's name in the lease table, so state_dir must be writable for kclhost"};
}

std::string host_name() {
  std::array<char, HOST_NAME_MAX + 1> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 && name[0] != '\0' ? name.data() : "localhost";
}

// What is another in a copy of the file.
std::string origin(const struct stat& status) {
  const std::string machine = read_file("/etc/machine-id").value_or("");
  return host_name() + " " + machine.substr(0, machine.find('\n')) + " " + std::to_string(status.st_ino);
}

std::string new_name() {
  char suffix[20];
  std::snprintf(suffix, sizeof suffix, "-%08x%08x", random_seed(), random_seed());
  return host_name() + suffix;
}

Result<std::string> name_in(const fs::path& file, int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return not_kept(file, "can't be examined", errno);
  const std::string from = origin(status);
  const std::string text = read_file(file).value_or("");
  const std::size_t line = text.find('\n');
  if (line != std::string::npos && line != 0 && text.substr(line + 1) == from + "\n") return text.substr(0, line);
  const std::string name = new_name();
  const std::string record = name + "\n" + from + "\n";
  // In place: the lock is on this file, not on one that would be renamed onto it.
  if (::ftruncate(fd, 0) != 0 || ::pwrite(fd, record.data(), record.size(), 0) != static_cast<ssize_t>(record.size()) ||
      ::fsync(fd) != 0) {
    return not_kept(file, "can't be written", errno);
  }
  return name;
}

bool lock_as_launch(int fd, int command, struct flock& lock) {
  lock = {};
  lock.l_type = F_WRLCK;
  return ::fcntl(fd, command, &lock) == 0;
}

bool launch_is_gone(int launchs) {
  struct flock lock;
  return lock_as_launch(launchs, F_OFD_GETLK, lock) && lock.l_type == F_UNLCK;
}

bool try_lock(int fd, int launchs) {
  const auto until = std::chrono::steady_clock::now() + patience_with_lock;
  while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    if (error != EWOULDBLOCK || !launch_is_gone(launchs) || std::chrono::steady_clock::now() >= until) {
      errno = error;
      return false;
    }
    std::this_thread::sleep_for(lock_pause);
  }
  return true;
}

}  // namespace

Result<WorkerName> WorkerName::take(const fs::path& folder, const std::string& application) {
  if (const auto made = make_private_directory(folder); !made) return Error{made.error()};
  for (int number = 0; number < most_names; ++number) {
    const fs::path file = folder / file_name(application + "." + std::to_string(number));
    Fd fd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd) return not_kept(file, "can't be opened", errno);
    // A file of its own: a network file system turns flock's locks into those of fcntl, and then they exclude each
    // other.
    const fs::path launchs = file.string() + ".launch";
    Fd ours(::open(launchs.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!ours) return not_kept(launchs, "can't be opened", errno);
    if (try_lock(fd.get(), ours.get())) {
      struct flock lock;
      if (!lock_as_launch(ours.get(), F_OFD_SETLK, lock)) {
        // A launch that has lost the name, or what it started, still has this lock.
        if (errno == EAGAIN || errno == EACCES) continue;
        return not_kept(launchs, "can't be locked", errno);
      }
      Result<std::string> name = name_in(file, fd.get());
      if (!name) return Error{name.error()};
      return WorkerName(std::move(*name), std::move(fd), std::move(ours));
    }
    if (errno != EWOULDBLOCK) return not_kept(file, "can't be locked", errno);
  }
  return Error{folder.string() + ": " + std::to_string(most_names) + " daemons of " + application + " run here"};
}

}  // namespace kclhost::host::launch
