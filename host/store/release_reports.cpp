#include "store/release_reports.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>
#include <system_error>
#include <type_traits>

#include "plugin/copy.hpp"
#include "support/file_name.hpp"

namespace kclhost::host::store {
namespace {

namespace fs = std::filesystem;

// As it stands in the file. A reader may come while it is written, which the checksum tells.
struct Page {
  char magic[16];
  std::uint64_t checksum;  // over all that follows
  std::int32_t pid;
  std::uint32_t runs, trial, step, crashes, failures;
  std::uint64_t step_records;
  rollout::Tally tried, previous;
  char shard[256];
  char blame[512];
};
static_assert(std::is_trivially_copyable_v<Page> && std::has_unique_object_representations_v<Page>);

constexpr char page_magic[sizeof Page::magic] = "kclhost shard 1";
constexpr int most_looks = 100;  // at a page that is being written

std::uint64_t sum_of(const Page& page) {
  std::uint64_t hash = 14695981039346656037u;  // FNV-1a
  const auto* const begin = reinterpret_cast<const unsigned char*>(&page);
  const std::size_t from = offsetof(Page, checksum) + sizeof page.checksum;
  for (std::size_t i = from; i < sizeof page; ++i) hash = (hash ^ begin[i]) * 1099511628211u;
  return hash;
}

template <std::size_t N>
void put_text(char (&to)[N], std::string_view text) {
  std::memcpy(to, text.data(), std::min(text.size(), N - 1));
}

template <std::size_t N>
std::string get_text(const char (&from)[N]) {
  return {from, ::strnlen(from, N)};
}

Page page_of(const rollout::Report& report) {
  Page page{};
  std::memcpy(page.magic, page_magic, sizeof page_magic);
  page.pid = report.pid;
  page.runs = report.runs;
  page.trial = report.trial;
  page.step = report.step;
  page.crashes = report.crashes;
  page.failures = report.failures;
  page.step_records = report.step_records;
  page.tried = report.tried;
  page.previous = report.previous;
  put_text(page.shard, report.shard);
  put_text(page.blame, report.blame);
  page.checksum = sum_of(page);
  return page;
}

std::optional<rollout::Report> read_page(int fd) {
  Page page;
  for (int look = 0; look < most_looks; ++look) {
    if (::pread(fd, &page, sizeof page, 0) != static_cast<ssize_t>(sizeof page)) return std::nullopt;
    if (std::memcmp(page.magic, page_magic, sizeof page_magic) != 0) return std::nullopt;
    if (page.checksum != sum_of(page)) continue;
    return rollout::Report{.shard = get_text(page.shard),
                           .pid = page.pid,
                           .runs = page.runs,
                           .trial = page.trial,
                           .step = page.step,
                           .step_records = page.step_records,
                           .crashes = page.crashes,
                           .failures = page.failures,
                           .blame = get_text(page.blame),
                           .tried = page.tried,
                           .previous = page.previous};
  }
  return std::nullopt;
}

// A lock that can be looked at without taking it, and that goes with the last descriptor of this opening.
struct flock whole_file(short type) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  return lock;
}

bool is_locked(int fd) {
  struct flock lock = whole_file(F_WRLCK);
  return ::fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

Error unusable(const fs::path& path, int error) {
  return {"can't use " + path.string() + ": " + std::generic_category().message(error) +
          "; state_dir must be writable for kclhost"};
}

}  // namespace

Result<ReportFile> ReportFile::open(const fs::path& folder, const rollout::Report& first) {
  if (auto error = plugin::open_folder(folder)) return *error;
  fs::path path = folder / file_name(first.shard);
  for (;;) {
    Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd) return unusable(path, errno);
    struct flock lock = whole_file(F_WRLCK);
    if (::fcntl(fd.get(), F_OFD_SETLK, &lock) != 0) {
      if (errno != EAGAIN && errno != EACCES) return unusable(path, errno);
      // The shard's host before this one is still ending.
      path = folder / file_name(first.shard + "." + std::to_string(first.pid));
      continue;
    }
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0) return unusable(path, errno);
    if (status.st_nlink == 0) continue;  // whoever had it has removed it just now
    ReportFile file(path, std::move(fd));
    if (std::string why = file.write(first); !why.empty()) return Error{std::move(why)};
    return file;
  }
}

ReportFile::~ReportFile() {
  if (fd_) ::unlink(path_.c_str());
}

std::string ReportFile::write(const rollout::Report& report) {
  const Page page = page_of(report);
  if (::pwrite(fd_.get(), &page, sizeof page, 0) == static_cast<ssize_t>(sizeof page)) return {};
  return unusable(path_, errno).message;
}

Reports read_reports(const fs::path& folder) {
  Reports found;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const Fd fd(::open(entry->path().c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    struct stat status {};
    if (!fd || ::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
    const bool was_empty = status.st_size == 0;  // its host begins, and has not locked it yet
    if (!is_locked(fd.get())) {
      // One that ended in order meanwhile left nothing.
      if (was_empty || ::fstat(fd.get(), &status) != 0 || status.st_nlink == 0) continue;
      const auto last = read_page(fd.get());
      found.dead.push_back({entry->path(), last ? last->trial : 0u});
      continue;
    }
    const auto report = read_page(fd.get());
    if (report) found.live.push_back(*report);
  }
  std::sort(found.live.begin(), found.live.end(),
            [](const auto& a, const auto& b) { return a.shard != b.shard ? a.shard < b.shard : a.pid > b.pid; });
  const auto same = [](const auto& a, const auto& b) { return a.shard == b.shard; };
  found.live.erase(std::unique(found.live.begin(), found.live.end(), same), found.live.end());
  return found;
}

}  // namespace kclhost::host::store
