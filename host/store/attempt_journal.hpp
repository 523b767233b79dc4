// Remembers across this process's death which records were being tried.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>

#include "batch/position.hpp"
#include "support/result.hpp"

namespace kclhost::host::store {

// A delivery that was under way, or records of which one is known to fail.
struct Attempted {
  Position first, last;     // the records delivered, both included
  std::uint32_t tries = 0;  // deliveries of this range so far, this one included; 0: none is under way
  bool searching = false;   // one of a range that is being halved
};

// A small mapped file per shard (and lane). begin and clear only write memory, which outlives the process; sync also
// makes it outlive the machine. Not thread-safe; one process at a time.
class AttemptJournal {
 public:
  // Opens or makes the file; its folder is made too. A file that is none of ours is an error, not a guess.
  static Result<std::unique_ptr<AttemptJournal>> open(const std::filesystem::path& path);
  ~AttemptJournal();
  AttemptJournal(const AttemptJournal&) = delete;
  AttemptJournal& operator=(const AttemptJournal&) = delete;

  // What an earlier process was at when it ended, if anything.
  const std::optional<Attempted>& left_over() const { return left_over_; }
  // The left-over has been dealt with.
  void forget_left_over() { left_over_.reset(); }

  // A delivery begins.
  void begin(const Batch& part, std::uint32_t tries, bool searching = false);
  // None is under way. A left-over that is still to be dealt with stays.
  void clear();
  // Waits until the disk has it.
  void sync();

 private:
  struct Slot;
  struct File;
  explicit AttemptJournal(File* file);
  bool read();
  void write(const Slot& slot);

  File* file_;
  std::uint64_t generation_ = 0;
  bool in_use_ = false;
  std::optional<Attempted> left_over_;
};

}  // namespace kclhost::host::store
