#include "store/dead_letters.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <ctime>

#include "store/dead_letter_file.hpp"
#include "support/wall_clock.hpp"

namespace kclhost::host::store {
namespace {

// What a batch that was given up whole needs, and no more than that, is kept between two of them.
constexpr std::size_t kept_memory = std::size_t{1} << 20;

class Unlock {
 public:
  explicit Unlock(const Fd& fd) : fd_(fd) {}
  ~Unlock() {
    if (fd_) unlock(fd_.get());
  }
  Unlock(const Unlock&) = delete;
  Unlock& operator=(const Unlock&) = delete;

 private:
  const Fd& fd_;
};

std::string time_text(std::int64_t ms) {
  const auto seconds = static_cast<std::time_t>(ms / 1000);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  char text[40];
  const std::size_t n = std::strftime(text, sizeof text, "%Y%m%dT%H%M%S", &utc);
  std::snprintf(text + n, sizeof text - n, "%03dZ", static_cast<int>(ms % 1000));
  return text;
}

// Renames a full file to a name that nothing has yet. "" or why not.
std::string set_aside(const std::filesystem::path& path) {
  auto name = *DeadLetterName::parse(path.filename().string());
  // The file's lock is held, and nobody else takes such names for this shard.
  for (std::int64_t now = wall_clock_ms();; ++now) {
    name.time = time_text(now);
    const std::filesystem::path full = path.parent_path() / name.str();
    struct stat status {};
    if (::lstat(full.c_str(), &status) == 0) continue;
    if (errno != ENOENT) return file_problem("look at", full, errno);
    if (::rename(path.c_str(), full.c_str()) != 0) return file_problem("rename", path, errno);
    return sync_directory(path.parent_path());
  }
}

}  // namespace

Result<std::unique_ptr<DeadLetters>> DeadLetters::open(const config::DeadLetter& config, std::string_view application,
                                                       std::string_view shard_id, bool& repaired) {
  const std::filesystem::path path = config.path / DeadLetterName::of(application, shard_id).str();
  std::unique_ptr<DeadLetters> letters(new DeadLetters(path, config.max_file_size));
  repaired = false;
  if (std::string why = letters->lock(repaired); !why.empty()) return Error{std::move(why)};
  unlock(letters->fd_.get());
  return letters;
}

Result<std::uint64_t> DeadLetters::append(std::span<const DeadLetter> letters, const DeadLetterOrigin& origin) {
  lines_.clear();
  for (DeadLetter letter : letters) {
    for (std::int64_t* time : {&letter.first_try_ms, &letter.last_try_ms}) {
      if (*time == 0) *time = wall_clock_ms();
    }
    append_dead_letter(lines_, letter, origin);
  }
  bool repaired = false;
  if (std::string why = lock(repaired); !why.empty()) return Error{std::move(why)};
  if (size_ > 0 && size_ + lines_.size() > max_size_) {
    if (std::string why = set_aside(path_); !why.empty()) {
      unlock(fd_.get());
      return Error{std::move(why)};
    }
    fd_.reset();
    if (std::string why = lock(repaired); !why.empty()) return Error{std::move(why)};
  }
  const Unlock when_done(fd_);
  if (std::string why = write_lines(); !why.empty()) return Error{std::move(why)};
  const std::uint64_t written = lines_.size();
  size_ += written;
  if (lines_.capacity() > kept_memory) std::string().swap(lines_);
  return written;
}

std::string DeadLetters::lock(bool& repaired) {
  const bool known = fd_ && lock_if_still(fd_.get(), path_);
  if (!known) {
    if (std::string why = make_directory(path_.parent_path()); !why.empty()) return why;
    Result<Fd> opened = open_locked(path_);
    if (!opened) return opened.error();
    fd_ = std::move(*opened);
  }
  struct stat status {};
  if (::fstat(fd_.get(), &status) != 0) return file_problem("look at", path_, errno);
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (known && size == size_) return {};
  const auto failed = [this](std::string why) {
    fd_.reset();
    return why;
  };
  const Result<std::uint64_t> whole = whole_lines(fd_.get(), size, path_);
  if (!whole) return failed(whole.error());
  if (*whole != size) {
    if (::ftruncate(fd_.get(), static_cast<off_t>(*whole)) != 0 || ::fdatasync(fd_.get()) != 0) {
      return failed(file_problem("repair", path_, errno));
    }
    repaired = true;
  }
  size_ = *whole;
  // It may have been made just now.
  if (size_ == 0) {
    if (std::string why = sync_directory(path_.parent_path()); !why.empty()) return failed(std::move(why));
  }
  return {};
}

std::string DeadLetters::write_lines() {
  int error = 0;
  for (std::string_view left = lines_; !left.empty() && error == 0;) {
    const ssize_t n = ::write(fd_.get(), left.data(), left.size());
    if (n >= 0) {
      left.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno != EINTR) {
      error = errno;
    }
  }
  if (error == 0 && ::fdatasync(fd_.get()) != 0) error = errno;
  if (error == 0) return {};
  std::string why = file_problem("write", path_, error);
  if (::ftruncate(fd_.get(), static_cast<off_t>(size_)) != 0) {
    why += " (and a part that was written could not be removed; the next start does)";
    fd_.reset();  // which gives the lock back, and has the next append look at the file's end
  }
  return why;
}

}  // namespace kclhost::host::store
