#include "store/attempt_journal.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include "support/process_memory.hpp"

namespace kclhost::host::store {
namespace {

bool has_zeros_alone(int fd, std::size_t size) {
  std::string bytes(size, '\1');
  const ssize_t count = ::pread(fd, bytes.data(), size, 0);
  return count >= 0 && bytes.find_first_not_of('\0') == std::string::npos;
}

}  // namespace

Result<std::unique_ptr<AttemptJournal>> AttemptJournal::in_memory() {
  void* at = ::mmap(nullptr, JournalMemory::size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) return Error{"no memory for what is tried: " + std::generic_category().message(errno)};
  std::unique_ptr<AttemptJournal> alone(new AttemptJournal({}, Fd(), at));
  (void)alone->notes_.check();  // zeros are fine
  return alone;
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
    return in_memory();
  }
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return failed(errno);
  const Error damaged{"the state file " + path.string() +
                      " is damaged; remove it (all it holds is how often records of one shard were tried)"};
  const auto size = static_cast<std::size_t>(status.st_size);
  // A disk without room for all of it, or the end of the host meanwhile, leaves some zeros.
  if (size > JournalMemory::size || (size < JournalMemory::size && !has_zeros_alone(fd.get(), size))) return damaged;
  // Blocks are allotted now, so that a full disk shows here and not as SIGBUS later.
  if (const int full = ::posix_fallocate(fd.get(), 0, JournalMemory::size); full != 0) return failed(full);
  void* at = ::mmap(nullptr, JournalMemory::size, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (at == MAP_FAILED) return failed(errno);
  keep_from_forks(at, JournalMemory::size);
  std::unique_ptr<AttemptJournal> journal(new AttemptJournal(path, std::move(fd), at));
  if (!journal->notes_.check()) return damaged;
  journal->left_over_ = journal->notes_.left_over();
  std::atomic<std::uint32_t>& fault = journal->notes_.own_fault();
  journal->own_fault_left_ = fault.load() != 0;
  if (journal->own_fault_left_) fault = 0;
  // The kernel mapped what lies around what we read, too. A write maps its own page alone.
  ::madvise(at, JournalMemory::size, MADV_DONTNEED);
  return journal;
}

AttemptJournal::AttemptJournal(std::filesystem::path path, Fd fd, void* memory)
    : path_(std::move(path)), fd_(std::move(fd)), memory_(memory), notes_(memory) {}

AttemptJournal::~AttemptJournal() {
  ::munmap(memory_, JournalMemory::size);
}

void AttemptJournal::write(const JournalNotes& notes) {
  notes_.write(notes);
}

std::string AttemptJournal::sync() {
  if (!fd_ || ::msync(memory_, JournalMemory::size, MS_SYNC) == 0) return {};
  return "can't write " + path_.string() + ": " + std::generic_category().message(errno);
}

void AttemptJournal::remove() {
  if (fd_) ::unlink(path_.c_str());
}

std::atomic<std::uint32_t>& AttemptJournal::own_fault() {
  return notes_.own_fault();
}

}  // namespace kclhost::host::store
