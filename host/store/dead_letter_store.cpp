#include "store/dead_letter_store.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <tuple>
#include <utility>

#include "store/dead_letter_file.hpp"
#include "store/dead_letter_scan.hpp"
#include "store/file_replacement.hpp"
#include "support/owner.hpp"

namespace kclhost::host::store {
namespace {

Result<std::shared_ptr<const Fd>> open_to_read(const std::filesystem::path& path) {
  auto fd = std::make_shared<const Fd>(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!*fd) return Error{file_problem("open", path, errno)};
  return fd;
}

}  // namespace

LetterKey StoredLetter::key() const {
  return {about.origin.stream, about.origin.shard_id, about.sequence_number, about.sub_sequence_number, data_sha256};
}

DeadLetterStore::DeadLetterStore(std::filesystem::path directory, std::string_view application)
    : directory_(std::move(directory)), application_(DeadLetterName::of(application, "").application) {}

// The files of a shard ("": of all of them), by shard, the full ones in their order before the one that is written to.
Result<std::vector<std::filesystem::path>> DeadLetterStore::files(std::string_view shard) const {
  std::error_code error;
  std::filesystem::directory_iterator entries(directory_, error);
  if (error == std::errc::no_such_file_or_directory) return std::vector<std::filesystem::path>{};
  std::vector<DeadLetterName> names;
  for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error)) {
    const auto name = DeadLetterName::parse(entries->path().filename().string());
    if (name && name->application == application_ && (shard.empty() || name->shard == shard)) {
      names.push_back(*name);
    }
  }
  if (error) return Error{file_problem("read", directory_, error.value())};
  std::sort(names.begin(), names.end(), [](const DeadLetterName& a, const DeadLetterName& b) {
    return std::tuple(std::string_view(a.shard), a.time.empty(), std::string_view(a.time)) <
           std::tuple(std::string_view(b.shard), b.time.empty(), std::string_view(b.time));
  });
  std::vector<std::filesystem::path> paths;
  for (const DeadLetterName& name : names) paths.push_back(directory_ / name.str());
  return paths;
}

Result<DeadLetterStore::Contents> DeadLetterStore::read() const {
  for (int attempt = 1;; ++attempt) {
    const auto paths = files("");
    if (!paths) return Error{paths.error()};
    Contents contents;
    std::string why;
    for (const std::filesystem::path& path : *paths) {
      std::string shard = DeadLetterName::parse(path.filename().string())->shard;
      if (contents.shards.empty() || contents.shards.back() != shard) contents.shards.push_back(std::move(shard));
      const auto fd = open_to_read(path);
      why = fd ? scan_dead_letters(path, *fd,
                                   [&](const StoredLetter* letter, std::string_view, std::string damage) {
                                     if (letter != nullptr) {
                                       contents.letters.push_back(*letter);
                                     } else {
                                       contents.damaged.push_back(std::move(damage));
                                     }
                                   })
               : fd.error();
      if (!why.empty()) break;
    }
    // A file that became full meanwhile has another name now, and its letters may not have been seen.
    const auto paths_now = files("");
    if (paths_now && *paths_now != *paths && attempt < 10) continue;
    if (!why.empty()) return Error{std::move(why)};
    return contents;
  }
}

Result<std::string> DeadLetterStore::read_line(const StoredLetter& letter) {
  std::string line(static_cast<std::size_t>(letter.size), '\0');
  for (std::size_t done = 0; done < line.size();) {
    const ssize_t n =
        ::pread(letter.fd->get(), line.data() + done, line.size() - done, static_cast<off_t>(letter.offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return Error{file_problem("read", letter.file, n < 0 ? errno : EIO)};
    done += static_cast<std::size_t>(n);
  }
  return line;
}

Result<ParsedLetter> DeadLetterStore::read_letter(const StoredLetter& letter) {
  const Result<std::string> line = read_line(letter);
  if (!line) return Error{line.error()};
  return parse_dead_letter(*line);
}

Result<Fd> DeadLetterStore::lock_for_changes() const {
  if (std::string why = make_directory(directory_); !why.empty()) return Error{std::move(why)};
  const std::filesystem::path path = directory_ / (application_ + ".lock");
  Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd || !give_to_owner_of(directory_, fd.get())) return Error{file_problem("open", path, errno)};
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) return fd;
  if (errno != EWOULDBLOCK) return Error{file_problem("lock", path, errno)};
  return Error{"dead letters: another kclhost dead-letters replay or purge is at work in " + directory_.string() +
               "; wait for its end"};
}

std::string DeadLetterStore::room_for_changes(const std::string& shard) const {
  const auto paths = files(shard);
  if (!paths) return paths.error();
  for (const std::filesystem::path& path : *paths) {
    std::error_code gone;  // it became full, and has another name
    const std::uintmax_t size = std::filesystem::file_size(path, gone);
    if (gone) continue;
    FileReplacement draft(path);
    draft.open();
    if (std::string why = draft.reserve(size); !why.empty()) return why;
  }
  return {};
}

Result<std::uint64_t> DeadLetterStore::edit(const std::string& shard, const Editor& editor) const {
  const std::filesystem::path current = directory_ / DeadLetterName{application_, shard, {}}.str();
  std::uint64_t removed = 0;
  std::vector<std::filesystem::path> done;
  const auto edit_files = [&](bool current_too) -> std::string {
    const auto paths = files(shard);
    if (!paths) return paths.error();
    for (const std::filesystem::path& path : *paths) {
      if (path == current && !current_too) continue;
      if (std::find(done.begin(), done.end(), path) != done.end()) continue;
      const Result<std::uint64_t> edited = edit_file(path, editor);
      if (!edited) return edited.error();
      removed += *edited;
      done.push_back(path);
    }
    return {};
  };
  // The host never opens a full file again. A change of many letters takes its time, and the host does not wait for it.
  if (std::string why = edit_files(false); !why.empty()) return Error{std::move(why)};
  // Under this lock nothing is appended, and no file becomes full.
  Result<Fd> locked = open_locked(current);
  if (!locked) return Error{locked.error()};
  // Some may have become full meanwhile.
  if (std::string why = edit_files(true); !why.empty()) return Error{std::move(why)};
  // Opening it may have made it.
  struct stat status {};
  if (::fstat(locked->get(), &status) == 0 && status.st_size == 0 && status.st_nlink > 0) ::unlink(current.c_str());
  return removed;
}

Result<std::uint64_t> DeadLetterStore::edit_file(const std::filesystem::path& path, const Editor& editor) const {
  const auto fd = open_to_read(path);
  if (!fd) return Error{fd.error()};
  struct Change {
    std::uint64_t offset, size;
    std::string line;
  };
  std::vector<Change> changes;
  std::uint64_t removed = 0, whole = 0;
  std::string why =
      scan_dead_letters(path, *fd, [&](const StoredLetter* letter, std::string_view line, const std::string&) {
        std::string replacement;
        const Edit edit = editor(letter, replacement);
        if (edit == Edit::remove) replacement.clear();
        if (edit != Edit::keep) changes.push_back({whole, line.size() + 1, std::move(replacement)});
        removed += edit == Edit::remove;
        whole += line.size() + 1;
      });
  if (!why.empty()) return Error{std::move(why)};
  if (changes.empty()) return removed;
  FileReplacement replacement(path);
  replacement.open();
  const auto copy = [&](std::uint64_t from, std::uint64_t to) {
    std::array<char, 64 * 1024> block;
    while (from < to) {
      const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(to - from, block.size()));
      const ssize_t n = ::pread((*fd)->get(), block.data(), size, static_cast<off_t>(from));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return false;
      replacement.write({block.data(), static_cast<std::size_t>(n)});
      from += static_cast<std::uint64_t>(n);
    }
    return true;
  };
  std::uint64_t at = 0;
  bool copied = true;
  for (const Change& change : changes) {
    copied = copied && copy(at, change.offset);
    replacement.write(change.line);
    at = change.offset + change.size;
  }
  // What a crash tore at the file's end is not copied.
  if (!copied || !copy(at, whole)) return Error{file_problem("read", path, EIO)};
  if (why = replacement.take_place(); !why.empty()) return Error{std::move(why)};
  return removed;
}

std::vector<StoredLetter> without_copies(std::vector<StoredLetter> letters) {
  std::map<LetterKey, std::size_t> places;
  std::vector<StoredLetter> unique;
  for (StoredLetter& letter : letters) {
    const auto [place, is_new] = places.try_emplace(letter.key(), unique.size());
    if (is_new) {
      unique.push_back(std::move(letter));
    } else {
      unique[place->second] = std::move(letter);
    }
  }
  return unique;
}

}  // namespace kclhost::host::store
