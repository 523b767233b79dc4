#include "store/dead_letter_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "store/dead_letter_line.hpp"
#include "support/file_name.hpp"
#include "support/owner.hpp"

namespace kclhost::host::store {
namespace {

constexpr std::string_view extension = "jsonl";

// A part of a name: without dots, which separate the parts.
std::string name_part(std::string_view text) {
  std::string part;
  for (const char c : file_name(text)) {
    if (c == '.') {
      part += "%2E";
    } else {
      part += c;
    }
  }
  return part;
}

bool is_time(std::string_view text) {
  constexpr std::string_view form = "00000000T000000000Z";
  return text.size() == form.size() && std::equal(text.begin(), text.end(), form.begin(), [](char c, char f) {
           return f == '0' ? c >= '0' && c <= '9' : c == f;
         });
}

std::string_view cure(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      return "free space there, or set dead_letter.path to another disk";
    case EFBIG:
      return "raise the limit on file sizes (ulimit -f), or lower dead_letter.max_file_size";
    case EACCES:
    case EPERM:
    case EROFS:
      return "make it writable for the user that runs kclhost, or set dead_letter.path to another directory";
    case ENOTDIR:
    case EISDIR:
      return "move what is in the way, or set dead_letter.path to another directory";
    case EMFILE:
    case ENFILE:
      return "raise the limit on open files (ulimit -n)";
    default:
      return "look after that disk, or set dead_letter.path to another one";
  }
}

struct LastLine {
  std::uint64_t begin;
  bool ended = false;    // with a newline
  bool has_nul = false;  // blocks that never reached the disk read as zeros
  char last = '\0';      // its last character, before the newline
  std::string head{};    // as many of its first bytes as the prefix has
};

bool read_at(int fd, std::uint64_t offset, char* to, std::size_t size) {
  while (size != 0) {
    const ssize_t n = ::pread(fd, to, size, static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    to += n;
    offset += static_cast<std::uint64_t>(n);
    size -= static_cast<std::size_t>(n);
  }
  return true;
}

// The last line of the file's first `end` bytes, which are at least one.
std::optional<LastLine> last_line(int fd, std::uint64_t end) {
  std::array<char, 64 * 1024> block;
  LastLine line{.begin = end};
  bool first_block = true;
  for (bool found = false; !found && line.begin > 0;) {
    std::size_t size = static_cast<std::size_t>(std::min<std::uint64_t>(line.begin, block.size()));
    const std::uint64_t from = line.begin - size;
    if (!read_at(fd, from, block.data(), size)) return std::nullopt;
    if (first_block) {
      first_block = false;
      line.ended = block[size - 1] == '\n';
      if (line.ended) --size;
      if (size > 0) line.last = block[size - 1];
    }
    std::size_t at = size;
    while (at > 0 && block[at - 1] != '\n') line.has_nul |= block[--at] == '\0';
    found = at > 0;
    line.begin = from + at;
  }
  line.head.resize(static_cast<std::size_t>(std::min<std::uint64_t>(end - line.begin, dead_letter_prefix.size())));
  if (!read_at(fd, line.begin, line.head.data(), line.head.size())) return std::nullopt;
  return line;
}

}  // namespace

DeadLetterName DeadLetterName::of(std::string_view application, std::string_view shard_id) {
  return {name_part(application), name_part(shard_id), {}};
}

std::optional<DeadLetterName> DeadLetterName::parse(std::string_view file_name) {
  std::vector<std::string> parts(1);
  for (const char c : file_name) {
    if (c == '.') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  if (parts.size() < 3 || parts.size() > 4 || parts.back() != extension || parts[0].empty() || parts[1].empty()) {
    return std::nullopt;
  }
  DeadLetterName name{parts[0], parts[1], {}};
  if (parts.size() == 4) {
    if (!is_time(parts[2])) return std::nullopt;
    name.time = parts[2];
  }
  return name;
}

std::string DeadLetterName::str() const {
  std::string text = application + "." + shard + ".";
  if (!time.empty()) text += time + ".";
  return text.append(extension);
}

std::string file_problem(std::string_view what, const std::filesystem::path& path, int error) {
  return "dead letters: can't " + std::string(what) + " " + path.string() + ": " + std::strerror(error) + "; " +
         std::string(cure(error));
}

std::string make_directory(const std::filesystem::path& directory) {
  if (directory.empty() || ::mkdir(directory.c_str(), 0700) == 0) return sync_directory(directory.parent_path());
  if (errno == ENOENT && directory.has_parent_path() && directory.parent_path() != directory) {
    if (std::string why = make_directory(directory.parent_path()); !why.empty()) return why;
    if (::mkdir(directory.c_str(), 0700) == 0) return sync_directory(directory.parent_path());
  }
  const int error = errno;
  struct stat status {};
  if (error == EEXIST && ::stat(directory.c_str(), &status) == 0) {
    return S_ISDIR(status.st_mode) ? "" : file_problem("make the directory", directory, ENOTDIR);
  }
  return file_problem("make the directory", directory, error);
}

std::string sync_directory(const std::filesystem::path& directory) {
  const Fd fd(::open(directory.empty() ? "." : directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // Some file systems have no such thing as syncing a directory.
  if (fd && (::fsync(fd.get()) == 0 || errno == EINVAL || errno == ENOTSUP)) return {};
  return file_problem("sync", directory, errno);
}

Result<Fd> open_locked(const std::filesystem::path& path) {
  for (;;) {
    Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600));
    if (!fd) return Error{file_problem("open", path, errno)};
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0) return Error{file_problem("open", path, errno)};
    if (!S_ISREG(status.st_mode)) {
      return Error{"dead letters: " + path.string() + " is no regular file; move it away"};
    }
    const bool unused = status.st_size == 0;
    if (unused && !give_to_owner_of(path.parent_path(), fd.get())) return Error{file_problem("open", path, errno)};
    if (lock_if_still(fd.get(), path)) return fd;
    if (errno != 0) return Error{file_problem("lock", path, errno)};
  }
}

// errno is 0 afterwards unless the lock itself failed.
bool lock_if_still(int fd, const std::filesystem::path& path) {
  while (::flock(fd, LOCK_EX) != 0) {
    if (errno != EINTR) return false;
  }
  struct stat ours {
  }, named{};
  const bool same = ::fstat(fd, &ours) == 0 && ::stat(path.c_str(), &named) == 0 && ours.st_dev == named.st_dev &&
                    ours.st_ino == named.st_ino;
  if (!same) unlock(fd);
  errno = 0;
  return same;
}

void unlock(int fd) {
  ::flock(fd, LOCK_UN);
}

Result<std::uint64_t> whole_lines(int fd, std::uint64_t size, const std::filesystem::path& path) {
  std::uint64_t end = size;
  while (end > 0) {
    const std::optional<LastLine> line = last_line(fd, end);
    if (!line) return Error{file_problem("read", path, errno)};
    // What never reached the disk reads as zeros, wherever in the line that begins.
    const bool ours = dead_letter_prefix.starts_with(std::string_view(line->head).substr(0, line->head.find('\0')));
    if (ours && line->ended && !line->has_nul && line->last == '}') return end;
    if (!ours) {
      return Error{"dead letters: " + path.string() + " holds something else at byte " +
                   std::to_string(line->begin + 1) + "; move it away, and a new file is begun"};
    }
    end = line->begin;
  }
  return 0;
}

}  // namespace kclhost::host::store
