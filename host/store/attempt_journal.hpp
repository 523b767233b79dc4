// Remembers across this process's death which records were being tried, and which were set aside.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "shard/journal_note.hpp"
#include "store/journal_memory.hpp"
#include "support/fd.hpp"
#include "support/result.hpp"

namespace kclhost::host::store {

// A small mapped file per shard and lane. write only writes memory, which outlives the process; sync also makes it
// outlive the machine. Not thread-safe.
class AttemptJournal {
 public:
  // More notes than this are not remembered; the first ones are.
  static constexpr std::size_t most_notes = JournalMemory::most_notes;

  // Opens or makes the file and locks it; its folder is made too. A file that is none of ours is an error, not a guess.
  // While another process has the lock, it is one in memory.
  static Result<std::unique_ptr<AttemptJournal>> open(const std::filesystem::path& path);
  // Remembers nothing beyond this process.
  static Result<std::unique_ptr<AttemptJournal>> in_memory();
  ~AttemptJournal();
  AttemptJournal(const AttemptJournal&) = delete;
  AttemptJournal& operator=(const AttemptJournal&) = delete;

  // It is in memory alone: nothing is read from a file and nothing written to one.
  bool is_forgotten() const { return !fd_; }

  // What an earlier process left, and whether it died of a fault of the plugin: see own_fault. To open the journal is
  // to take note of the fault: the next one does not find it.
  const std::vector<JournalNote>& left_over() const { return left_over_; }
  bool own_fault_left() const { return own_fault_left_; }
  // Replaces what is remembered. Texts beyond 79 bytes are cut: a sequence number has 56 digits at most.
  void write(const JournalNotes& notes);
  // Waits until the disk has it; "" or why it has not.
  std::string sync();
  // Nothing is needed any more: the file goes.
  void remove();

  // Set from a signal handler: this process dies of a fault of the plugin, so what is under way has failed. (With
  // isolation none there is nobody else to tell it.)
  std::atomic<std::uint32_t>& own_fault();

 private:
  AttemptJournal(std::filesystem::path path, Fd fd, void* memory);

  std::filesystem::path path_;
  Fd fd_;
  void* memory_;
  JournalMemory notes_;
  std::vector<JournalNote> left_over_;
  bool own_fault_left_ = false;
};

}  // namespace kclhost::host::store
