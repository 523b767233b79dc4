// What an attempt journal's file holds, as memory that may be anything until it was checked.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "shard/journal_note.hpp"

namespace kclhost::host::store {

// Two slots for notes, written in turn: whatever moment the process dies at, one of them is whole. Not thread-safe.
class JournalMemory {
 public:
  static constexpr std::size_t size = 98'376;  // bytes, always
  static constexpr std::size_t most_notes = 256;

  // `memory` has `size` bytes, aligned for a number of 64 bits, and stays the caller's.
  explicit JournalMemory(void* memory) : file_(static_cast<File*>(memory)) {}

  // To be called first. Zeros become a journal without notes; all else stays as it is. False: it is no journal, or
  // neither slot is whole, and nothing else may be called.
  [[nodiscard]] bool check();

  // See AttemptJournal.
  std::vector<JournalNote> left_over() const;
  void write(const JournalNotes& notes);
  std::atomic<std::uint32_t>& own_fault();

 private:
  struct Entry;
  struct Slot;
  struct File;
  static std::uint64_t sum(const Slot& slot);
  static bool is_whole(const Slot& slot);

  File* file_;
  // Of the slot written last. Kept here too: to look there would map more pages than a write does.
  std::size_t newest_ = 0;
  std::uint64_t generation_ = 0;
  std::size_t count_ = 0;
};

}  // namespace kclhost::host::store
