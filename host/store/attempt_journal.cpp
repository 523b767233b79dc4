#include "store/attempt_journal.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <type_traits>

#include "support/fd.hpp"
#include "support/process_memory.hpp"

namespace kclhost::host::store {
namespace {

constexpr char magic[16] = "kclhost tries 1";
// A sequence number has at most 56 digits; TRIM_HORIZON and its like never come with a record.
constexpr std::size_t longest_sequence_number = 80;

template <std::size_t N>
void copy_text(char (&to)[N], std::string_view from) {
  const std::size_t n = std::min(from.size(), N - 1);
  std::memcpy(to, from.data(), n);
  std::memset(to + n, 0, N - n);
}

}  // namespace

// Two slots, written in turn: whatever moment the process dies at, one of them is whole.
struct AttemptJournal::Slot {
  std::uint64_t generation = 0;
  std::uint32_t tries = 0;  // both 0: nothing to remember
  std::uint32_t searching = 0;
  std::int64_t first_sub = 0, last_sub = 0;
  char first[longest_sequence_number] = {};
  char last[longest_sequence_number] = {};
  std::uint64_t checksum = 0;  // over all before

  std::uint64_t sum() const {
    // FNV-1a.
    std::uint64_t hash = 14695981039346656037u;
    const auto* bytes = reinterpret_cast<const unsigned char*>(this);
    for (std::size_t i = 0; i < offsetof(Slot, checksum); ++i) hash = (hash ^ bytes[i]) * 1099511628211u;
    return hash;
  }
};

struct AttemptJournal::File {
  char magic[16];
  Slot slots[2];
};

Result<std::unique_ptr<AttemptJournal>> AttemptJournal::open(const std::filesystem::path& path) {
  static_assert(std::has_unique_object_representations_v<Slot>);
  const auto failed = [&path](int error) {
    return Error{"can't use " + path.string() + ": " + std::generic_category().message(error) +
                 "; state_dir must be writable for kclhost"};
  };
  std::error_code error;
  std::filesystem::create_directories(path.parent_path(), error);
  if (error) return failed(error.value());
  const Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return failed(errno);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return failed(errno);
  const bool is_new = status.st_size == 0;
  const Error damaged{"the state file " + path.string() +
                      " is damaged; remove it (all it holds is how often one batch was tried)"};
  if (!is_new && status.st_size != sizeof(File)) return damaged;
  // Blocks are allotted now, so that a full disk shows here and not as SIGBUS later.
  if (const int full = ::posix_fallocate(fd.get(), 0, sizeof(File)); full != 0) return failed(full);
  void* at = ::mmap(nullptr, sizeof(File), PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (at == MAP_FAILED) return failed(errno);
  keep_from_forks(at, sizeof(File));
  std::unique_ptr<AttemptJournal> journal(new AttemptJournal(static_cast<File*>(at)));
  if (is_new) {
    for (Slot& slot : journal->file_->slots) slot.checksum = slot.sum();
    std::memcpy(journal->file_->magic, magic, sizeof magic);
  }
  if (!journal->read()) return damaged;
  return journal;
}

AttemptJournal::AttemptJournal(File* file) : file_(file) {}

AttemptJournal::~AttemptJournal() {
  ::munmap(file_, sizeof(File));
}

bool AttemptJournal::read() {
  // A process that died while it made the file leaves zeros.
  static const File nothing{};
  if (std::memcmp(file_, &nothing, sizeof nothing) == 0) {
    for (Slot& slot : file_->slots) slot.checksum = slot.sum();
    std::memcpy(file_->magic, magic, sizeof magic);
  }
  if (std::memcmp(file_->magic, magic, sizeof magic) != 0) return false;
  const Slot* newest = nullptr;
  for (const Slot& slot : file_->slots) {
    const bool whole = slot.checksum == slot.sum() && slot.first[longest_sequence_number - 1] == '\0' &&
                       slot.last[longest_sequence_number - 1] == '\0';
    if (whole && (newest == nullptr || slot.generation > newest->generation)) newest = &slot;
  }
  if (newest == nullptr) return false;
  generation_ = newest->generation;
  if (newest->tries != 0 || newest->searching != 0) {
    left_over_ = Attempted{
        {newest->first, newest->first_sub}, {newest->last, newest->last_sub}, newest->tries, newest->searching != 0};
  }
  return true;
}

void AttemptJournal::begin(const Batch& part, std::uint32_t tries, bool searching) {
  Slot slot;
  slot.tries = tries;
  slot.searching = searching;
  copy_text(slot.first, part.sequence_number(0));
  copy_text(slot.last, part.sequence_number(part.count - 1));
  slot.first_sub = part.entry(0).sub_sequence_number;
  slot.last_sub = part.entry(part.count - 1).sub_sequence_number;
  write(slot);
  in_use_ = true;
}

void AttemptJournal::clear() {
  if (!in_use_) return;
  in_use_ = false;
  Slot slot;
  if (left_over_) {
    slot.tries = left_over_->tries;
    slot.searching = left_over_->searching;
    copy_text(slot.first, left_over_->first.sequence_number);
    copy_text(slot.last, left_over_->last.sequence_number);
    slot.first_sub = left_over_->first.sub_sequence_number;
    slot.last_sub = left_over_->last.sub_sequence_number;
  }
  write(slot);
}

void AttemptJournal::write(const Slot& slot) {
  Slot& to = file_->slots[++generation_ % 2];
  to = slot;
  to.generation = generation_;
  to.checksum = to.sum();
}

void AttemptJournal::sync() {
  ::msync(file_, sizeof(File), MS_SYNC);
}

}  // namespace kclhost::host::store
