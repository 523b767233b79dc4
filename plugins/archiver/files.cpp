#include "files.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <system_error>

namespace archiver {

namespace {

constexpr std::string_view partial = ".partial";

[[noreturn]] void fail(const char* doing, const std::filesystem::path& path) {
  throw std::system_error(errno, std::generic_category(), std::string("can't ") + doing + ' ' + path.string());
}

class Descriptor {
 public:
  Descriptor(const std::filesystem::path& path, int flags) : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0644)) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  bool is_open() const { return fd_ >= 0; }
  int get() const { return fd_; }

  // Whether nobody else has it locked, and it still has its name.
  bool lock() const {
    struct stat status {};
    if (::flock(fd_, LOCK_EX | LOCK_NB) != 0 || ::fstat(fd_, &status) != 0) return false;
    errno = ENOENT;
    return status.st_nlink != 0;
  }

 private:
  int fd_;
};

// Unlinks the path in the end, unless told otherwise.
class Unlinked {
 public:
  explicit Unlinked(std::filesystem::path path) : path_(std::move(path)) {}
  Unlinked(const Unlinked&) = delete;
  Unlinked& operator=(const Unlinked&) = delete;
  ~Unlinked() {
    if (!kept_) ::unlink(path_.c_str());
  }
  const std::filesystem::path& path() const { return path_; }
  void keep() { kept_ = true; }

 private:
  const std::filesystem::path path_;
  bool kept_ = false;
};

// Another one for each process and each call: what an older process still does to its own harms nobody.
std::filesystem::path partial_path(const std::filesystem::path& directory, const std::string& shard) {
  const auto now = std::chrono::system_clock::now().time_since_epoch().count();
  std::string name = "." + shard + "." + std::to_string(::getpid()) + "." + std::to_string(now);
  return directory / name.append(partial);
}

void write_all(int fd, const std::filesystem::path& path, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("write", path);
    content.remove_prefix(static_cast<std::size_t>(written));
  }
}

// Unlike rename, link overwrites nothing.
std::filesystem::path link_to_free_name(const std::filesystem::path& from, const std::filesystem::path& directory,
                                        const Name& name) {
  for (std::size_t number = 0;; ++number) {
    const std::string taken = number == 0 ? "" : "." + std::to_string(number);
    std::filesystem::path to = directory / (name.shard + "." + name.rest + taken + name.extension);
    if (::link(from.c_str(), to.c_str()) == 0) return to;
    if (errno != EEXIST) fail("make", to);
  }
}

}  // namespace

std::filesystem::path write_whole(const std::filesystem::path& directory, const Name& name, std::string_view content) {
  const Descriptor folder(directory, O_RDONLY | O_DIRECTORY);
  if (!folder.is_open()) fail("open", directory);
  const std::filesystem::path path = partial_path(directory, name.shard);
  const Descriptor file(path, O_WRONLY | O_CREAT | O_EXCL);
  if (!file.is_open()) fail("make", path);
  const Unlinked temporary(path);
  if (!file.lock()) fail("lock", path);
  write_all(file.get(), path, content);
  if (::fsync(file.get()) != 0) fail("sync", path);

  Unlinked whole(link_to_free_name(path, directory, name));
  if (::fsync(folder.get()) != 0) fail("sync", directory);
  whole.keep();
  return whole.path();
}

void remove_partial(const std::filesystem::path& directory, std::string_view shard) {
  const std::string begin = "." + std::string(shard) + ".";
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    const std::string name = entry.path().filename().string();
    if (name.compare(0, begin.size(), begin) != 0 || name.size() < partial.size() ||
        name.compare(name.size() - partial.size(), partial.size(), partial) != 0) {
      continue;
    }
    const Descriptor file(entry.path(), O_RDWR);  // on NFS a lock takes a file that is open for writing
    if (file.is_open() && file.lock()) ::unlink(entry.path().c_str());
  }
}

}  // namespace archiver
