#include "store/release_store.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <system_error>
#include <thread>
#include <utility>

#include "plugin/loadable.hpp"
#include "plugin/temporary_copy.hpp"
#include "store/file_replacement.hpp"
#include "store/release_info.hpp"
#include "support/file_name.hpp"
#include "support/sha256.hpp"

namespace kclhost::host::store {
namespace {

namespace fs = std::filesystem;
using rollout::Release;

// What is being made and removed, by whoever holds the lock.
constexpr const char* new_name = ".new";
constexpr const char* old_name = ".old";
constexpr const char* info_name = "release.json";
constexpr mode_t private_mode = 0400;  // plugin.config is in it, and may have secrets

std::string message_of(int error) {
  return std::generic_category().message(error);
}

std::string cant_write(const fs::path& path, int error) {
  const bool full = error == ENOSPC || error == EDQUOT;
  return "can't write " + path.string() + ": " + message_of(error) +
         (full ? "; free some space there" : "; state_dir must be writable for kclhost");
}

std::string describe_write(std::string_view, const fs::path& path, int error) {
  return cant_write(path, error);
}

}  // namespace

std::string content_of(const plugin::File& file, const std::vector<plugin::Neighbour>& neighbours,
                       std::string_view config_json) {
  return sha256_hex(plugin::content_of(file, neighbours) + "\n" + std::string(config_json));
}

ReleaseStore::ReleaseStore(const fs::path& state_dir, std::string application)
    : folder_(state_dir / "releases"), application_(std::move(application)) {}

fs::path ReleaseStore::named(std::string_view extension) const {
  // Never a number, which names a release.
  return folder_ / ("of-" + file_name(application_) + std::string(extension));
}

std::string ReleaseStore::make_folder() const {
  const auto error = plugin::open_folder(folder_);
  return error ? error->message : std::string();
}

std::string ReleaseStore::ask_to_look() const {
  if (std::string why = make_folder(); !why.empty()) return why;
  // Closing it is what the hosts see.
  const Fd file(::open(look_file().c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  return file ? std::string() : cant_write(look_file(), errno);
}

Fd ReleaseStore::lock(std::chrono::milliseconds patience, std::string& why) const {
  const fs::path path = folder_ / "lock";
  why.clear();
  Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) {
    why = cant_write(path, errno);
    return fd;
  }
  const auto end = std::chrono::steady_clock::now() + patience;
  while (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) {
      why = cant_write(path, errno);
      return Fd();
    }
    if (std::chrono::steady_clock::now() >= end) return Fd();
    std::this_thread::sleep_for(std::chrono::milliseconds{2});
  }
  return fd;
}

Result<rollout::State> ReleaseStore::state() const {
  const fs::path path = state_file();
  const Result<std::string> text = read_text(path);
  if (!text) {
    if (text.error().empty()) {
      rollout::State fresh;
      fresh.application = application_;
      return fresh;
    }
    return Error{"can't read " + path.string() + ": " + text.error()};
  }
  Result<rollout::State> state = rollout::state_from_json(*text);
  if (state) return state;
  return Error{"the state of the releases, " + path.string() + ", " + state.error() +
               "; remove it, and the configured plugin is the first release again"};
}

std::string ReleaseStore::write(const rollout::State& state) const {
  FileReplacement file(state_file(), describe_write);
  file.open();
  file.write(rollout::to_json(state));
  return file.take_place();
}

Result<ReleaseInfo> ReleaseStore::info(Release number) const {
  Result<ReleaseInfo> found = read_info(number);
  if (found && found->application != application_)
    return Error{(home(number) / info_name).string() + " is another application's"};
  return found;
}

Result<ReleaseInfo> ReleaseStore::read_info(Release number) const {
  const fs::path path = home(number) / info_name;
  const Result<std::string> text = read_text(path);
  if (!text) return Error{path.string() + (text.error().empty() ? " is gone" : ": " + text.error())};
  Result<ReleaseInfo> info = info_from_json(*text);
  if (!info) return Error{path.string() + " " + info.error()};
  if (info->number != number) return Error{path.string() + " is another release's"};
  return info;
}

std::vector<Release> ReleaseStore::numbers() const {
  std::vector<Release> found;
  std::error_code error;
  for (fs::directory_iterator entry(folder_, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    Release number = 0;
    const auto [rest, bad] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (bad == std::errc{} && rest == name.data() + name.size() && number != 0) found.push_back(number);
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::vector<ReleaseInfo> ReleaseStore::all() const {
  std::vector<ReleaseInfo> found;
  for (const Release number : numbers()) {
    Result<ReleaseInfo> one = info(number);
    if (one) found.push_back(std::move(*one));
  }
  return found;
}

Result<ReleaseInfo> ReleaseStore::fill(const fs::path& home, Release number, const Candidate& candidate,
                                       rollout::WallTime now) const {
  bool made = false;
  const auto copies = plugin::copy_into(home / "files", candidate.file, candidate.neighbours, made);
  if (!copies) return Error{copies.error()};
  ReleaseInfo info{.number = number,
                   .application = application_,
                   .content = candidate.content,
                   .sha256 = candidate.file.sha256,
                   .plugin_path = candidate.file.path.string(),
                   .config_json = candidate.config_json,
                   .files = {},
                   .created = now};
  for (const plugin::CopiedFile& copy : *copies) info.files.push_back({fs::path("files") / copy.path, copy.sha256});
  if (auto error = plugin::place(home / info_name, to_json(info), private_mode, made)) return *error;
  return info;
}

Result<ReleaseInfo> ReleaseStore::stage(const Candidate& candidate, Release above, rollout::WallTime now,
                                        bool& made) const {
  made = false;
  Release number = above;
  for (const Release there : numbers()) {
    number = std::max(number, there);
    Result<ReleaseInfo> known = info(there);
    if (!known || known->content != candidate.content) continue;
    bool mended = false;
    const auto copies = plugin::copy_into(home(there) / "files", candidate.file, candidate.neighbours, mended);
    return copies ? std::move(known) : Error{copies.error()};
  }
  remove_left_overs();
  const fs::path temporary = folder_ / new_name;
  Result<ReleaseInfo> staged = fill(temporary, ++number, candidate, now);
  std::error_code error;
  if (staged) {
    fs::rename(temporary, home(number), error);
    if (error) staged = plugin::staging_failed(home(number), error.value());
  }
  if (!staged) {
    std::error_code ignored;
    fs::remove_all(temporary, ignored);
    return staged;
  }
  const Fd folder(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder) ::fsync(folder.get());
  made = true;
  return staged;
}

bool ReleaseStore::is_anothers(Release number) const {
  const Result<ReleaseInfo> there = read_info(number);
  return there && there->application != application_;
}

Result<ReleaseInfo> ReleaseStore::restore(Release number, const Candidate& candidate, rollout::WallTime now) const {
  if (is_anothers(number)) {
    return Error{home(number).string() + " is another application's release now; remove " + state_file().string() +
                 " and start anew"};
  }
  if (auto error = plugin::open_folder(home(number))) return *error;
  const Result<ReleaseInfo> known = info(number);
  return fill(home(number), number, candidate, known ? known->created : now);
}

Result<fs::path> ReleaseStore::verified(const ReleaseInfo& info) {
  for (const plugin::CopiedFile& file : info.files) {
    const fs::path path = home(info.number) / file.path;
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) return Error{path.string() + " is gone"};
    if (std::string why = plugin::objection(status); !why.empty()) return Error{path.string() + " " + why};
    const FileVersion now = FileVersion::of(status);
    const bool read_only = (status.st_mode & (S_IWUSR | S_IWGRP | S_IWOTH)) == 0;
    if (const auto before = seen_.find(path); read_only && before != seen_.end() && before->second == now) continue;
    const Result<std::string> sha256 = plugin::hash_loadable(path);
    if (!sha256) return Error{path.string() + " " + sha256.error()};
    if (*sha256 != file.sha256) return Error{path.string() + " is damaged"};
    // A host that has run many releases needs not know them all.
    constexpr std::size_t most_seen = 100;
    if (seen_.size() >= most_seen) seen_.clear();
    seen_[path] = now;
  }
  if (info.files.empty()) return Error{home(info.number).string() + " has no plugin"};
  return home(info.number) / info.files.front().path;
}

Fd ReleaseStore::use(Release number) const {
  Fd fd(::open((home(number) / info_name).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  struct stat status {};
  // Whoever removes it has it locked, and so it may be gone once we have.
  if (!fd || ::flock(fd.get(), LOCK_SH | LOCK_NB) != 0 || ::fstat(fd.get(), &status) != 0 || status.st_nlink == 0)
    return Fd();
  return fd;
}

void ReleaseStore::prune(int keep, const std::vector<Release>& needed) const {
  std::vector<ReleaseInfo> there = all();
  if (there.size() <= static_cast<std::size_t>(keep)) return;
  there.resize(there.size() - static_cast<std::size_t>(keep));
  remove_left_overs();
  for (const ReleaseInfo& old : there) {
    if (std::find(needed.begin(), needed.end(), old.number) != needed.end()) continue;
    const fs::path path = home(old.number) / info_name;
    // On NFS this lock is one on the file's bytes, which only who may write them can have.
    Fd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
    if (!fd && errno == EACCES && ::chmod(path.c_str(), private_mode | S_IWUSR) == 0)
      fd.reset(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
    if (!fd || ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) continue;
    const fs::path away = folder_ / old_name;
    std::error_code error;
    // What a process leaves that is killed from here on goes with the next one.
    fs::rename(home(old.number), away, error);
    if (error) continue;
    // First, for use() may have it open.
    fs::remove(away / info_name, error);
    fs::remove_all(away, error);
  }
}

// Of processes that ended while they staged or pruned.
void ReleaseStore::remove_left_overs() const {
  std::error_code ignored;
  for (const char* const name : {new_name, old_name}) fs::remove_all(folder_ / name, ignored);
  plugin::TemporaryCopy::remove_left_overs(folder_);
}

}  // namespace kclhost::host::store
