#include "store/attempt_journal.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <type_traits>
#include <utility>

#include "support/process_memory.hpp"

namespace kclhost::host::store {
namespace {

constexpr char magic[16] = "kclhost tries 2";
// A sequence number has at most 56 digits; TRIM_HORIZON and its like never come with a record.
constexpr std::size_t longest_sequence_number = 80;

template <std::size_t N>
void copy_text(char (&to)[N], std::string_view from) {
  const std::size_t n = std::min(from.size(), N - 1);
  std::memcpy(to, from.data(), n);
  std::memset(to + n, 0, N - n);
}

constexpr std::uint64_t searching = 1, under_way = 2, aside = 4;

}  // namespace

struct AttemptJournal::Entry {
  char first[longest_sequence_number], last[longest_sequence_number];
  std::int64_t first_sub, last_sub;
  std::uint32_t failures, interruptions;
  std::uint64_t flags;
};

// Two slots, written in turn: whatever moment the process dies at, one of them is whole.
struct AttemptJournal::Slot {
  std::uint64_t generation;
  std::uint64_t checksum;  // over the generation, the count and the entries in use
  std::uint64_t count;
  Entry entries[most_notes];
};

struct AttemptJournal::File {
  char magic[16];
  std::atomic<std::uint32_t> own_fault;
  std::uint32_t reserved;
  Slot slots[2];
};

std::uint64_t AttemptJournal::sum(const Slot& slot) {
  std::uint64_t hash = 14695981039346656037u;  // FNV-1a, over words
  const auto add = [&hash](std::uint64_t word) { hash = (hash ^ word) * 1099511628211u; };
  add(slot.generation);
  add(slot.count);
  static_assert(sizeof(Entry) % sizeof(std::uint64_t) == 0 && std::has_unique_object_representations_v<Entry>);
  const auto* at = reinterpret_cast<const char*>(slot.entries);
  for (const char* const end = at + slot.count * sizeof(Entry); at != end; at += sizeof(std::uint64_t)) {
    std::uint64_t word;
    std::memcpy(&word, at, sizeof word);
    add(word);
  }
  return hash;
}

Result<std::unique_ptr<AttemptJournal>> AttemptJournal::open(const std::filesystem::path& path) {
  const auto failed = [&path](int error) {
    return Error{"can't use " + path.string() + ": " + std::generic_category().message(error) +
                 "; state_dir must be writable for kclhost"};
  };
  std::error_code error;
  std::filesystem::create_directories(path.parent_path(), error);
  if (error) return failed(error.value());
  Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return failed(errno);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return failed(errno);
    fd.reset();
    void* at = ::mmap(nullptr, sizeof(File), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) return failed(errno);
    std::unique_ptr<AttemptJournal> alone(new AttemptJournal(path, Fd(), static_cast<File*>(at)));
    for (Slot& slot : alone->file_->slots) slot.checksum = sum(slot);
    return alone;
  }
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return failed(errno);
  const Error damaged{"the state file " + path.string() +
                      " is damaged; remove it (all it holds is how often records of one shard were tried)"};
  if (status.st_size != 0 && status.st_size != sizeof(File)) return damaged;
  // Blocks are allotted now, so that a full disk shows here and not as SIGBUS later.
  if (const int full = ::posix_fallocate(fd.get(), 0, sizeof(File)); full != 0) return failed(full);
  void* at = ::mmap(nullptr, sizeof(File), PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (at == MAP_FAILED) return failed(errno);
  keep_from_forks(at, sizeof(File));
  std::unique_ptr<AttemptJournal> journal(new AttemptJournal(path, std::move(fd), static_cast<File*>(at)));
  File& file = *journal->file_;
  // A process that died while it made the file leaves zeros.
  constexpr char none[sizeof magic] = {};
  if (std::memcmp(file.magic, none, sizeof magic) == 0) {
    for (Slot& slot : file.slots) {
      slot.generation = slot.count = 0;
      slot.checksum = sum(slot);
    }
    std::memcpy(file.magic, magic, sizeof magic);
  }
  if (std::memcmp(file.magic, magic, sizeof magic) != 0 || !journal->take_left_over()) return damaged;
  // The kernel mapped what lies around what we read, too. A write maps its own page alone.
  ::madvise(at, sizeof(File), MADV_DONTNEED);
  return journal;
}

AttemptJournal::AttemptJournal(std::filesystem::path path, Fd fd, File* file)
    : path_(std::move(path)), fd_(std::move(fd)), file_(file) {}

AttemptJournal::~AttemptJournal() {
  ::munmap(file_, sizeof(File));
}

const AttemptJournal::Slot* AttemptJournal::newest() const {
  const Slot* newest = nullptr;
  for (const Slot& slot : file_->slots) {
    if (slot.count > most_notes || slot.checksum != sum(slot)) continue;
    const bool whole = std::all_of(slot.entries, slot.entries + slot.count, [](const Entry& entry) {
      return entry.first[longest_sequence_number - 1] == '\0' && entry.last[longest_sequence_number - 1] == '\0';
    });
    if (whole && (newest == nullptr || slot.generation > newest->generation)) newest = &slot;
  }
  return newest;
}

bool AttemptJournal::take_left_over() {
  const Slot* const slot = newest();
  if (slot == nullptr) return false;
  generation_ = slot->generation;
  count_ = slot->count;
  left_over_.reserve(count_);
  for (const Entry& entry : std::span(slot->entries, slot->count)) {
    JournalNote& note = left_over_.emplace_back();
    note.first.set(entry.first, entry.first_sub);
    note.last.set(entry.last, entry.last_sub);
    note.failures = entry.failures;
    note.interruptions = entry.interruptions;
    note.searching = (entry.flags & searching) != 0;
    note.under_way = (entry.flags & under_way) != 0;
    note.aside = (entry.flags & aside) != 0;
  }
  own_fault_left_ = file_->own_fault.load() != 0;
  if (own_fault_left_) file_->own_fault = 0;
  return true;
}

void AttemptJournal::write(const JournalNotes& notes) {
  const std::span<const JournalNote> all = notes.all();
  if (all.empty() && count_ == 0) return;
  Slot& to = file_->slots[++generation_ % 2];
  to.generation = generation_;
  to.count = count_ = std::min(all.size(), most_notes);
  for (std::size_t i = 0; i < to.count; ++i) {
    const JournalNote& note = all[i];
    Entry& entry = to.entries[i];
    copy_text(entry.first, note.first.sequence_number);
    copy_text(entry.last, note.last.sequence_number);
    entry.first_sub = note.first.sub_sequence_number;
    entry.last_sub = note.last.sub_sequence_number;
    entry.failures = note.failures;
    entry.interruptions = note.interruptions;
    entry.flags = (note.searching ? searching : 0) | (note.under_way ? under_way : 0) | (note.aside ? aside : 0);
  }
  to.checksum = sum(to);
}

std::string AttemptJournal::sync() {
  if (!fd_ || ::msync(file_, sizeof(File), MS_SYNC) == 0) return {};
  return "can't write " + path_.string() + ": " + std::generic_category().message(errno);
}

void AttemptJournal::remove() {
  if (fd_) ::unlink(path_.c_str());
}

std::atomic<std::uint32_t>& AttemptJournal::own_fault() {
  return file_->own_fault;
}

}  // namespace kclhost::host::store
