// The memory in which a plugin acknowledges records: a byte for each of the last ones that its instance was given.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "plugin/call.hpp"

namespace kclhost::host::worker {

// Where it lies; a view. Host and worker share it. The byte of a record is found by its number, and has its mark when
// it is acknowledged: records of one place that follow each other have different marks.
struct AckMemory {
  std::uint32_t size = 0;                         // bytes of marks: a power of two, at least `least`; 0: no memory
  std::atomic<std::uint32_t>* asleep = nullptr;   // 1: the host wants to be woken by what is acknowledged
  std::atomic<std::uint64_t>* touched = nullptr;  // a bit for each block of marks, of which some are new
  std::atomic<std::uint8_t>* marks = nullptr;

  static constexpr std::uint32_t least = 1u << 17, most = 1u << 22;
  static constexpr std::uint32_t block = 64;  // records

  // The size for a plugin that may hold so many records: the worst of them may be the oldest.
  static std::uint32_t size_for(std::uint64_t held);
  static std::size_t bytes(std::uint32_t size);
  // In zeroed memory of that many bytes, at a multiple of 64.
  static AckMemory at(void* memory, std::uint32_t size);

  // How far the records lie apart, at most, that can be told apart. One block less: none has records of two rounds.
  std::uint32_t most_open() const { return size - block; }
  std::atomic<std::uint8_t>& mark(RecordId id) const { return marks[id & (size - 1)]; }
  std::uint8_t mark_of(RecordId id) const { return static_cast<std::uint8_t>(id / size % 255 + 1); }
};

// The worker's side. [any thread], but for give.
class Acknowledger {
 public:
  explicit Acknowledger(AckMemory memory) : memory_(memory) {}

  // From now on the plugin has the records before this one.
  void give(RecordId next) { next_.store(next); }
  RecordId next() const { return next_.load(); }
  // What was never given is left out, and what was given too long ago to be open.
  void acknowledge(RecordId first, std::uint64_t count);
  bool is_acknowledged(RecordId id) const;
  // The host has not been woken since it last looked; now it must be.
  bool wake() { return memory_.asleep->load() != 0 && memory_.asleep->exchange(0) != 0; }

 private:
  RecordId oldest(RecordId next) const { return next > memory_.size ? next - memory_.size : 0; }

  const AckMemory memory_;
  std::atomic<RecordId> next_{0};
};

// The host's side: which of an instance's records are open. The worker may write anything to the memory, at any time:
// it can close records that were given and are open, and nothing else. One thread.
class OpenRecords {
 public:
  explicit OpenRecords(AckMemory memory);

  // The instance is about to get these. They follow those before. Of records that lie further apart than most_open the
  // old ones are forgotten.
  void give(RecordId first, std::uint64_t count);
  RecordId next() const { return next_; }
  bool is_open(RecordId id) const;
  // It is done otherwise; and so are all before this one.
  void close(RecordId id);
  void close_before(RecordId id);

  // Closes what has been acknowledged, and reports it, oldest first, in runs: report(first, count), which may give.
  // What is acknowledged from now on wakes the host.
  template <class Report>
  void look(Report&& report) {
    Run run;
    begin_look();
    for (RecordId block = low_; block < end_block();) block = look_at(block, run, report);
    if (run.count != 0) report(run.first, run.count);
    drop_closed();
  }
  // The worker has set out to wake the host.
  bool woken() const { return memory_.asleep->load() == 0; }

 private:
  struct Run {
    RecordId first = 0;
    std::uint64_t count = 0;
  };

  // Blocks are counted on, as records are; each has a place.
  std::uint64_t blocks() const { return memory_.size / AckMemory::block; }
  std::uint64_t place(RecordId block) const { return block & (blocks() - 1); }
  RecordId end_block() const { return (next_ + AckMemory::block - 1) / AckMemory::block; }

  void begin_look();
  // The bits of the touched blocks from this one on, as far as one word has them; `upto` is behind the last.
  std::uint64_t take_touched(RecordId block, RecordId& upto);
  // The acknowledged ones of a block's records, which are closed.
  std::uint64_t take_acknowledged(RecordId block);
  void drop_closed();

  template <class Report>
  RecordId look_at(RecordId block, Run& run, Report& report) {
    RecordId upto = 0;
    for (std::uint64_t bits = take_touched(block, upto), at = block; bits != 0; bits >>= 1, ++at) {
      if ((bits & 1) == 0) continue;
      RecordId id = at * AckMemory::block;
      for (std::uint64_t done = take_acknowledged(at); done != 0; done >>= 1, ++id) {
        if ((done & 1) == 0) continue;
        if (run.count != 0 && run.first + run.count != id) report(run.first, std::exchange(run.count, 0));
        if (run.count++ == 0) run.first = id;
      }
    }
    return upto;
  }

  const AckMemory memory_;
  std::vector<std::uint64_t> open_;  // a word of bits for each block
  RecordId next_ = 0;
  RecordId low_ = 0;  // no block before this one has an open record
};

}  // namespace kclhost::host::worker
