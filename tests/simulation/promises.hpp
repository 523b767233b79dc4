// Knows what was promised for each record, is told what happens to it, and throws Violation.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "simulation/setting.hpp"
#include "simulation/violation.hpp"
#include "simulation/worker.hpp"

namespace kclhost::host::simulation {

// What a worker has: what it holds, what its call was given, and of what it holds what it was given last.
struct Hands {
  std::vector<std::uint32_t> held, call, part;
};

class Promises {
 public:
  // The setting must outlive this; its records may be mended meanwhile.
  explicit Promises(const Setting& setting) : setting_(setting), fates_(setting.records.size()) {}

  // ---- Lives
  // A host begins; so many records are checkpointed.
  void life_begins(std::uint32_t recorded);
  // The host ended, or the machine. What it had in hand was disturbed.
  void life_ends(bool journals_lost);
  void asides_may_come_again();
  std::size_t lives() const { return lives_; }

  // ---- Deliveries. `worker` has not yet what it is given here
  void delivered(const Worker& worker, std::int64_t wall_ms);
  void accepted(Worker& worker, std::span<const std::uint32_t> records);
  // What the worker stored or checkpointed in the call that is over is buffered no more.
  void settle(Worker& worker) const;
  void stored(std::uint32_t record) { fates_[record].stored = fates_[record].accepted = true; }
  // It is stored, and the host knows.
  void taken(std::uint32_t record);
  // The host knows that it can't be processed.
  void rejected(std::uint32_t record);
  void flushed(std::span<const std::uint32_t> records);
  // An undisturbed try of these records failed; any of them may be to blame.
  void failed(const Hands& hands);
  // The same, and the plugin named this one.
  void named(std::uint32_t record) { ++fates_[record].own; }
  // No other try of it is wanted.
  void permanent(std::span<const std::uint32_t> records);
  // They were part of a try that failed, and were done.
  void disturbed(std::span<const std::uint32_t> records);
  // Which of these records a failure would be blamed on: not those that a flush has cleared.
  std::vector<std::uint32_t> suspects(const Hands& hands) const;
  // Whether a fault that is not theirs may hit these records, so that none of the good ones is set aside rightly.
  bool may_fail(const Hands& hands) const { return may_fail(suspects(hands)) && may_fail(hands.part); }
  bool may_fail(std::span<const std::uint32_t> suspects) const;

  // ---- Records that leave
  void ordered_aside(std::uint32_t record, bool aged, std::int64_t wall_ms);
  void set_aside(std::uint32_t record, std::uint32_t attempts, bool aged);
  bool is_taken(std::uint32_t record) const { return fates_[record].acknowledged; }
  bool is_rejected(std::uint32_t record) const { return fates_[record].rejected; }
  // The journal is on the disk.
  void journal_synced();
  bool all_asides_are_durable() const { return pending_asides_ == 0; }

  // ---- The daemon
  // The first `count` records are asked to be recorded as done.
  void checkpointed(std::uint32_t count, std::uint32_t delivered) const;
  // The lease table has them, and the host knows.
  void recorded(std::uint32_t count) { recorded_ = std::max(recorded_, count); }
  // The status of a batch [first, last) is sent. `holds`: whether a living instance has the record.
  template <class Holds>
  void acknowledged(std::uint32_t first, std::uint32_t last, Holds&& holds) const {
    for (std::uint32_t i = first; i < last; ++i) {
      if (!safe(i) && i >= recorded_ && !holds(i)) fail(i, "is acknowledged, and nobody has it");
    }
  }
  // How many of the records that were delivered up to there are not finished and with an instance.
  template <class Holds>
  std::uint32_t kept(std::uint32_t delivered, Holds&& holds) const {
    std::uint32_t count = 0;
    for (std::uint32_t i = recorded_; i < delivered; ++i) {
      count += !fates_[i].aside && !fates_[i].acknowledged && holds(i) ? 1 : 0;
    }
    return count;
  }
  // All records of the batch that begins there are finished, up to this one.
  void first_in_line(std::uint32_t first, std::uint32_t record) const {
    for (std::uint32_t i = first; i < record; ++i) {
      if (!safe(i))
        fail(record, "may have ended a host and is not delivered alone: in front of it " + std::to_string(i));
    }
  }
  // A new instance begins behind the first `count` records.
  void initialized(std::uint32_t count, bool by_checkpoints) const;
  // Whether some record justifies that the host stops by then: stop.
  bool may_stop(std::int64_t wall_ms) const;
  bool too_old(std::uint32_t record, std::int64_t wall_ms) const;

  // ---- The end
  void died_of_a_record() { ++deaths_; }
  std::size_t deaths() const { return deaths_; }
  void over(bool undisturbed) const;
  // Some instance was to blame for what it was given: a failed try of the record.
  std::uint32_t own_failures(std::uint32_t record) const { return fates_[record].own; }
  bool aside(std::uint32_t record) const { return fates_[record].aside; }

 private:
  struct Fate {
    bool accepted = false;  // it is in the plugin's output
    bool aside = false;
    bool aside_pending = false, aside_durable = false;
    // In this life of a host.
    bool finished = false;  // process_records returned OK, or said so
    bool stored = false;
    bool flushed = false;
    bool acknowledged = false;
    bool rejected = false;
    bool permanent = false;      // a failure of it said so
    std::uint32_t own = 0;       // undisturbed tries that failed, with nobody else to blame; without bisect: any
    std::uint32_t failures = 0;  // tries that failed or were disturbed
  };

  // Set aside, and not forgotten.
  bool gone(std::uint32_t i) const { return fates_[i].aside_pending || fates_[i].aside_durable; }
  bool finished(std::uint32_t i) const { return fates_[i].finished || fates_[i].acknowledged || fates_[i].aside; }
  bool safe(std::uint32_t i) const { return fates_[i].finished || fates_[i].stored || fates_[i].aside || i < begin_; }
  bool good(std::uint32_t i) const { return setting_.records[i].fault == Fault::none; }
  [[noreturn]] void fail(std::uint32_t record, const std::string& what) const;

  const Setting& setting_;
  std::vector<Fate> fates_;
  std::uint32_t begin_ = 0;     // where this life began
  std::uint32_t recorded_ = 0;  // as the host knows
  std::size_t lives_ = 0, deaths_ = 0, pending_asides_ = 0;
};

}  // namespace kclhost::host::simulation
