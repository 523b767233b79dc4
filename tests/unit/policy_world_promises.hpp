// Watches a world and knows what was promised.
#pragma once

#include <cmath>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy_world_setting.hpp"

namespace kclhost::host::policy {

// A broken promise, in words.
struct Violation {
  std::string what;
};

// Is told of everything that happens to a record, known by its index; every function may throw Violation.
class Promises {
 public:
  // The setting must outlive this. Its records may be mended meanwhile.
  Promises(const Setting& setting, unsigned lanes) : setting_(setting), lanes_(lanes), fates_(setting.records.size()) {
    for (const Record& record : setting.records) {
      if (record.kind != Kind::good) expect_work(record.failures_left > 0 ? record.failures_left : 1);
    }
  }

  // A process begins at that record.
  void life_begins(std::uint32_t start) {
    start_ = start;
    for (Fate& fate : fates_) fate.finished = false;
    if (++lives_ > bound(1)) throw Violation{"the host is restarted for ever"};
  }

  void delivered(std::span<const std::uint32_t> records) {
    if (++deliveries_ > bound(lanes_)) throw Violation{"too many deliveries"};
    if (records.empty()) throw Violation{"a delivery of nothing"};
    std::map<std::string_view, std::int64_t> here;
    for (const std::uint32_t index : records) {
      const Record& record = setting_.records[index];
      if (fates_[index].finished) fail(index, "is delivered again");
      if (aged(index)) fail(index, "is too old and delivered");
      const auto before = here.find(record.partition_key);
      const bool in_order = record.before < static_cast<std::int64_t>(start_) ||
                            fates_[static_cast<std::size_t>(record.before)].finished ||
                            (before != here.end() && before->second == record.before);
      if (!in_order) fail(index, "is delivered before one with the same key is finished");
      here[record.partition_key] = index;
    }
  }

  void accepted(std::span<const std::uint32_t> records) {
    for (const std::uint32_t index : records) fates_[index].accepted = fates_[index].finished = true;
  }

  // A delivery of these records failed, `unfinished` of them are not accepted.
  void failed(std::span<const std::uint32_t> records, std::size_t unfinished) {
    for (const std::uint32_t index : records) ++fates_[index].failures;
    if (unfinished == 1) ++fates_[records.back()].own;
  }

  // `failures`: how often it failed, according to its dead letter.
  void given_up(std::uint32_t index, bool for_age, std::uint32_t failures) {
    Fate& fate = fates_[index];
    if (!setting_.gives_up) throw Violation{"gives up, and then is block or stop"};
    if (fate.finished) fail(index, fate.accepted ? "was accepted and is given up" : "is given up again");
    if (for_age) {
      if (!aged(index)) fail(index, "is given up for its age");
    } else {
      const bool bisect = setting_.on_error.bisect;
      if ((bisect ? fate.own : fate.failures) < static_cast<std::uint32_t>(setting_.on_error.retry.max_attempts))
        fail(index, "is given up before its time");
      if (failures > fate.failures) fail(index, "failed less often than its dead letter says");
      if (bisect && setting_.records[index].kind == Kind::good) fail(index, "is good and given up");
      if (bisect && fate.accepted) fail(index, "was accepted and is given up");
    }
    if (!fate.given_up) expect_work(1);
    fate.given_up = fate.finished = true;
  }

  // Everything up to and including the record at this place is said to be done. Returns its index.
  std::uint32_t checkpointed(std::string_view sequence_number, std::int64_t sub_sequence_number) const {
    const auto place = setting_.index_of.find({std::string(sequence_number), sub_sequence_number});
    if (place == setting_.index_of.end()) throw Violation{"a checkpoint at a place where there is no record"};
    for (std::uint32_t i = start_; i <= place->second; ++i) {
      if (!fates_[i].finished) fail(i, "is not finished and checkpointed");
    }
    return place->second;
  }

  // The world has come to its end.
  void over() const {
    for (std::size_t i = 0; i < fates_.size(); ++i) {
      if (!fates_[i].accepted && !fates_[i].given_up) fail(i, "was neither accepted nor given up");
      if (setting_.records[i].kind == Kind::bad && setting_.on_error.bisect && !fates_[i].given_up && !aged(i))
        fail(i, "always fails and is no dead letter");
    }
  }

  // So much more may go wrong, which costs deliveries and restarts.
  void expect_work(int pieces) { work_ += static_cast<std::size_t>(pieces); }
  std::size_t deliveries() const { return deliveries_; }

 private:
  struct Fate {
    bool accepted = false, given_up = false;
    bool finished = false;                // in this process's life
    std::uint32_t failures = 0, own = 0;  // failed deliveries that it was in; that were about nothing else
  };

  bool aged(std::size_t index) const { return setting_.ages && setting_.records[index].old; }
  // What the trouble so far may cost: each piece of it a search and all records once more, in each lane.
  std::size_t bound(std::size_t each) const {
    const double search = 2 * setting_.on_error.retry.max_attempts + std::ceil(std::log2(fates_.size() + 1)) + 4;
    return (work_ + 1) * each * (static_cast<std::size_t>(search) * 3 + fates_.size());
  }
  [[noreturn]] void fail(std::size_t index, const std::string& what) const {
    throw Violation{"record " + std::to_string(index) + " of " + std::to_string(fates_.size()) + " " + what};
  }

  const Setting& setting_;
  unsigned lanes_;
  std::vector<Fate> fates_;
  std::uint32_t start_ = 0;
  std::size_t lives_ = 0, deliveries_ = 0, work_ = 0;
};

}  // namespace kclhost::host::policy
