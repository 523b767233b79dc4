// A small world for the failure policy to prove itself in: a shard, a daemon that is killed at times, a plugin that
// fails in every way, and a checker that knows what was promised. Everything in it follows from one seed.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iostream>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "batch/batch.hpp"
#include "kclhost/plugin.h"
#include "policy/checkpoints.hpp"
#include "policy/delivery.hpp"
#include "policy/lanes.hpp"

namespace kclhost::policy {

// What a world is made of. A mutant has one part replaced by one with a bug.
struct SoundParts {
  using Delivery = policy::Delivery;
  using Lanes = policy::Lanes;
  static constexpr bool checkpoints_whole_aggregates = false;
  static constexpr bool forgets_tries = false;         // what was under way is not known after a restart
  static constexpr bool counts_foreign_tries = false;  // a record inherits the tries of the ranges it was part of
  static constexpr bool retries_suspects_together = false;
};

// A broken promise, in words.
struct Violation {
  std::string what;
};

template <class Parts = SoundParts>
class World final : private CheckpointRoute {
 public:
  // With `story` it is written to standard error what happens.
  World(std::uint64_t seed, unsigned lanes, bool story = false) : random_(seed), lane_count_(lanes), story_(story) {
    choose_policy();
    choose_records();
    choose_trouble();
    journal_.resize(lanes);
    tell(records_.size(), "records, then", static_cast<int>(on_error_.then), "bisect", on_error_.bisect, "attempts",
         on_error_.retry.max_attempts);
    for (std::size_t i = 0; i < records_.size(); ++i) {
      if (records_[i].kind != Kind::good || records_[i].old)
        tell("record", i, "kind", static_cast<int>(records_[i].kind), records_[i].failures_left,
             records_[i].old ? "old" : "");
    }
  }

  // Until everything is processed. Throws Violation.
  void run() {
    for (bool over = false; !over;) over = live();
    for (std::size_t i = 0; i < records_.size(); ++i) {
      const Record& record = records_[i];
      if (!record.accepted && !record.given_up) fail(i, "was neither accepted nor given up");
      if (record.kind == Kind::bad && on_error_.bisect && !record.given_up && !aged(i))
        fail(i, "always fails and is no dead letter");
    }
    if (lease_ != records_.size()) throw Violation{"the last checkpoint is not at the end"};
  }

  std::size_t deliveries() const { return deliveries_; }
  std::size_t records() const { return records_.size(); }

 private:
  enum class Kind { good, bad, passes_later, kills_host };
  struct Record {
    std::string sequence_number, partition_key;
    std::int64_t sub_sequence_number = 0;
    Kind kind = Kind::good;
    int failures_left = 0;  // passes_later and kills_host (negative: for ever)
    bool old = false;
    std::int64_t before = -1;  // the record before it with the same key
    bool accepted = false, given_up = false;
    bool finished = false;                // in this process's life
    std::uint32_t failures = 0, own = 0;  // failed deliveries that it was in; that were about nothing else
  };
  struct Tried {
    std::uint32_t first, last;  // records, both included
    std::uint32_t tries;
    bool searching;
  };
  struct Lane {
    explicit Lane(const config::OnError& on_error, std::uint32_t seed) : delivery(on_error, seed) {}
    typename Parts::Delivery delivery;
    std::optional<Tried> left_over;
    std::vector<std::uint32_t> share;  // of the batch: records
    typename policy::Delivery::Action action{};
    bool in_flight = false, done = false;
  };
  struct HostEnds {};

  template <class... Words>
  void tell(const Words&... words) const {
    if (story_) ((std::cerr << words << ' '), ...) << '\n';
  }

  // ---- the setting

  bool chance(double probability) { return std::bernoulli_distribution(probability)(random_); }
  std::uint32_t between(std::uint32_t least, std::uint32_t most) {
    return std::uniform_int_distribution<std::uint32_t>(least, most)(random_);
  }

  void choose_policy() {
    on_error_.retry = {static_cast<int>(between(1, 4)), config::Milliseconds(1), config::Milliseconds(5)};
    on_error_.bisect = chance(0.85);
    constexpr config::Then thens[] = {config::Then::block,       config::Then::stop,        config::Then::skip,
                                      config::Then::dead_letter, config::Then::dead_letter, config::Then::dead_letter};
    on_error_.then = thens[between(0, 5)];
    gives_up_ = on_error_.then == config::Then::skip || on_error_.then == config::Then::dead_letter;
    ages_ = on_error_.then != config::Then::block && chance(0.2);
    checkpoint_.interval = chance(0.5) ? config::Milliseconds(0) : config::Milliseconds(3'600'000);
    checkpoint_.retry = {static_cast<int>(between(1, 3)), config::Milliseconds(1), config::Milliseconds(1)};
  }

  void choose_records() {
    records_.resize(chance(0.1) ? between(100, 300) : between(1, 60));
    const std::uint32_t keys = between(1, 12);
    const double rate = chance(0.2) ? 0 : chance(0.2) ? 0.5 : 0.08;
    std::map<std::string, std::size_t> last_of_key;
    std::uint64_t sequence_number = 93;  // soon one digit longer
    std::int64_t sub = 0, aggregate = 0;
    for (std::size_t i = 0; i < records_.size(); ++i) {
      Record& record = records_[i];
      if (aggregate > 0) {
        ++sub;
        --aggregate;
      } else {
        sequence_number += between(1, 3);
        sub = chance(0.1) ? between(1, 3) : 0;
        if (chance(0.15)) aggregate = between(1, 6);
      }
      record.sequence_number = std::to_string(sequence_number);
      record.sub_sequence_number = sub;
      record.partition_key = "key" + std::to_string(chance(0.3) ? 0 : between(0, keys));
      const auto [place, is_new] = last_of_key.try_emplace(record.partition_key, i);
      if (!is_new) record.before = static_cast<std::int64_t>(std::exchange(place->second, i));
      record.old = ages_ && chance(0.1);
      index_of_[{record.sequence_number, sub}] = static_cast<std::uint32_t>(i);
      if (chance(rate)) make_bad(record);
    }
  }

  void make_bad(Record& record) {
    switch (between(0, 5)) {
      case 0:
      case 1:
        record.kind = Kind::passes_later;
        record.failures_left = static_cast<int>(between(1, 8));
        break;
      case 2:
        record.kind = Kind::kills_host;
        record.failures_left = gives_up_ ? -1 : static_cast<int>(between(1, 4));
        break;
      default:
        // Where nothing is given up it must pass some day.
        record.kind = on_error_.then == config::Then::block ? Kind::passes_later : Kind::bad;
        record.failures_left = static_cast<int>(between(5, 20));
    }
  }

  void choose_trouble() {
    trouble_left_ = chance(0.3) ? 0 : between(1, 15);
    kill_rate_ = chance(0.5) ? 0 : 0.02;
    failure_rate_ = chance(0.5) ? 0 : 0.08;
    checkpoint_error_rate_ = chance(0.4) ? 0 : chance(0.5) ? 0.05 : 0.5;
    disk_error_rate_ = chance(0.7) ? 0 : 0.2;
    most_in_batch_ = chance(0.5) ? 1000 : between(1, 30);
    for (const Record& record : records_) {
      if (record.kind == Kind::good) continue;
      work_ += record.failures_left > 0 ? static_cast<std::size_t>(record.failures_left) : 1;
    }
  }

  // Whether something goes wrong now, for no record's fault.
  bool trouble(double rate) {
    if (trouble_left_ == 0 || !chance(rate)) return false;
    --trouble_left_;
    ++work_;
    return true;
  }

  // ---- one process's life

  // True when the end was reached.
  bool live() try {
    if (++lives_ > bound(1)) throw Violation{"the host is restarted for ever"};
    start_ = lease_;
    lease_lost_ = false;
    tell("---- starts at", start_);
    for (Record& record : records_) record.finished = false;
    lanes_.clear();
    lanes_.reserve(lane_count_);
    for (unsigned i = 0; i < lane_count_; ++i) {
      lanes_.emplace_back(on_error_, between(1, 1'000'000));
      if (!Parts::forgets_tries) lanes_.back().left_over = journal_[i];
    }
    Checkpoints checkpoints(checkpoint_, *this);
    checkpoints_made_ = &checkpoints;
    for (std::uint32_t at = start_; at < records_.size();) {
      const std::uint32_t count =
          std::min(between(1, most_in_batch_), static_cast<std::uint32_t>(records_.size()) - at);
      process(at, count);
      at += count;
      checkpoints.record_if_due();
      if (lease_lost_) return lose_lease();
      if (trouble(kill_rate_)) break;  // asked to shut down
    }
    checkpoints.record_now();
    if (lease_lost_) return lose_lease();
    return lease_ == records_.size();
  } catch (const HostEnds&) {
    return false;
  }

  bool lose_lease() {
    // It may come back to another machine, where nothing is known.
    if (chance(0.5)) journal_.assign(lane_count_, std::nullopt);
    return false;
  }

  void process(std::uint32_t first, std::uint32_t count) {
    begin(first, count);
    std::vector<std::size_t> open(lanes_.size());
    for (std::size_t i = 0; i < open.size(); ++i) open[i] = i;
    while (!open.empty()) {
      std::size_t pick = between(0, static_cast<std::uint32_t>(open.size()) - 1);
      if (one_at_a_time_) {
        const std::uint32_t next = first + low_water();
        const auto holds = [&](std::size_t i) {
          const std::uint32_t finished = lanes_[i].delivery.finished();
          return finished < lanes_[i].share.size() && lanes_[i].share[finished] == next;
        };
        if (next < first + count)
          pick = static_cast<std::size_t>(std::find_if(open.begin(), open.end(), holds) - open.begin());
        if (pick == open.size()) throw Violation{"no lane has the first unfinished record"};
      }
      Lane& lane = lanes_[open[pick]];
      step(lane, open[pick]);
      if (lane.done) {
        open[pick] = open.back();
        open.pop_back();
      }
      note_position();
      maybe_die(kill_rate_);
    }
    for (std::size_t i = 0; i < lanes_.size(); ++i) remember(lanes_[i], i);
  }

  void begin(std::uint32_t first, std::uint32_t count) {
    first_ = first;
    tell("batch from", first, "to", first + count - 1);
    make_batch(first, count);
    split_.split(batch_);
    one_at_a_time_ = false;
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
      Lane& lane = lanes_[i];
      lane.done = lane.in_flight = false;
      lane.share = split_.indexes(static_cast<unsigned>(i));
      for (std::uint32_t& index : lane.share) index += first;
      std::optional<policy::Delivery::Suspect> suspect;
      if (lane.left_over) {
        const auto from = std::lower_bound(lane.share.begin(), lane.share.end(), lane.left_over->first);
        const auto to = std::upper_bound(lane.share.begin(), lane.share.end(), lane.left_over->last);
        if (from < to) {
          suspect = policy::Delivery::Suspect{static_cast<std::uint32_t>(from - lane.share.begin()),
                                              static_cast<std::uint32_t>(to - lane.share.begin()),
                                              lane.left_over->tries, lane.left_over->searching,
                                              *from != lane.left_over->first || *(to - 1) != lane.left_over->last};
        }
        if (suspect)
          tell("lane", i, "suspects", suspect->first, suspect->last, "tries", suspect->tries,
               suspect->part ? "a part" : "");
        if (first + count > lane.left_over->last) lane.left_over.reset();
      }
      one_at_a_time_ |= suspect && !Parts::retries_suspects_together;
      lane.delivery.begin(
          static_cast<std::uint32_t>(lane.share.size()), suspect,
          ages_ ? policy::Delivery::TooOld([this, &lane](std::uint32_t k) { return records_[lane.share[k]].old; })
                : policy::Delivery::TooOld());
    }
  }

  void make_batch(std::uint32_t first, std::uint32_t count) {
    buffer_.assign(count * sizeof(RecordEntry), '\0');
    for (std::uint32_t i = 0; i < count; ++i) {
      const Record& record = records_[first + i];
      RecordEntry entry{};
      entry.partition_key = static_cast<std::uint32_t>(buffer_.size());
      entry.partition_key_size = static_cast<std::uint32_t>(record.partition_key.size());
      buffer_ += record.partition_key;
      std::copy_n(reinterpret_cast<const char*>(&entry), sizeof entry,
                  buffer_.begin() + static_cast<std::ptrdiff_t>(i * sizeof entry));
    }
    batch_ = {buffer_.data(), 0, count, -1};
  }

  void step(Lane& lane, std::size_t number) {
    if (lane.in_flight) return complete(lane, number);
    lane.action = lane.delivery.next();
    switch (lane.action.step) {
      case policy::Delivery::Step::deliver:
        return deliver(lane, number);
      case policy::Delivery::Step::wait:
        if (lane.action.blocked && on_error_.then != config::Then::block)
          throw Violation{"blocked, and then is not block"};
        if (lane.action.blocked) checkpoints_made_->record_now();
        return lane.delivery.waited();
      case policy::Delivery::Step::give_up:
        return give_up(lane);
      case policy::Delivery::Step::stop:
        return stop(lane);
      case policy::Delivery::Step::done:
        lane.done = true;
    }
  }

  void deliver(Lane& lane, std::size_t number) {
    tell("lane", number, "delivers", lane.share[lane.action.first], "to", lane.share[lane.action.last - 1], "try",
         lane.action.tries, lane.action.searching ? "in a search" : "");
    ++work_done_;
    if (++deliveries_ > bound(lane_count_)) throw Violation{"too many deliveries"};
    lane.in_flight = true;
    if (lane.action.first >= lane.action.last || lane.action.last > lane.share.size())
      throw Violation{"no such records"};
    std::map<std::string, std::int64_t> here;
    for (std::uint32_t k = lane.action.first; k < lane.action.last; ++k) {
      const std::uint32_t index = lane.share[k];
      const Record& record = records_[index];
      if (record.finished) fail(index, "is delivered again");
      if (aged(index)) fail(index, "is too old and delivered");
      const auto before = here.find(record.partition_key);
      const bool in_order = record.before < static_cast<std::int64_t>(start_) ||
                            records_[static_cast<std::size_t>(record.before)].finished ||
                            (before != here.end() && before->second == record.before);
      if (!in_order) fail(index, "is delivered before one with the same key is finished");
      here[record.partition_key] = index;
    }
    journal_[number] =
        Tried{lane.share[lane.action.first], lane.share[lane.action.last - 1],
              Parts::counts_foreign_tries ? lane.action.attempt : lane.action.tries, lane.action.searching};
  }

  // ---- the plugin

  void complete(Lane& lane, std::size_t number) {
    const policy::Delivery::Action& action = lane.action;
    std::optional<std::uint32_t> bad;
    for (std::uint32_t k = action.first; k < action.last && !bad; ++k) {
      Record& record = records_[lane.share[k]];
      if (record.kind == Kind::bad || (record.kind != Kind::good && record.failures_left != 0)) bad = k;
    }
    if (bad) {
      Record& record = records_[lane.share[*bad]];
      if (record.failures_left > 0) --record.failures_left;
      if (record.kind == Kind::kills_host) die();
    } else if (may_fail(action) && trouble(failure_rate_)) {
      bad = between(action.first, action.last - 1);
    }
    lane.in_flight = false;
    if (!bad) {
      accept(lane, action.first, action.last);
      lane.delivery.succeeded();
      remember(lane, number);
      return;
    }
    // A plugin that says how far it came may have come further.
    std::uint32_t done = chance(0.5) ? 0 : chance(0.5) ? *bad - action.first : between(0, *bad - action.first);
    // And a failure that is no record's fault must not become that of the last one.
    const bool innocent = records_[lane.share[*bad]].kind == Kind::good && gives_up_;
    if (innocent && divisible(action)) done = std::min(done, action.last - action.first - 2);
    tell("lane", number, "fails at", lane.share[*bad], "and says that it did", done);
    accept(lane, action.first, action.first + done);
    count_failure(lane, action.first, action.last, action.first + done);
    lane.delivery.failed(done);
  }

  // What the journal says while no delivery is under way.
  void remember(Lane& lane, std::size_t number) {
    if (const auto known = lane.delivery.known()) {
      journal_[number] = Tried{lane.share[known->first], lane.share[known->last - 1], known->tries, known->searching};
    } else {
      journal_[number] = lane.left_over;
    }
  }

  void accept(Lane& lane, std::uint32_t from, std::uint32_t to) {
    for (std::uint32_t k = from; k < to; ++k) {
      records_[lane.share[k]].accepted = true;
      records_[lane.share[k]].finished = true;
    }
  }

  void count_failure(const Lane& lane, std::uint32_t first, std::uint32_t last, std::uint32_t unfinished) {
    for (std::uint32_t k = first; k < last; ++k) ++records_[lane.share[k]].failures;
    if (last - unfinished == 1) ++records_[lane.share[unfinished]].own;
  }

  bool divisible(const policy::Delivery::Action& action) const {
    return on_error_.bisect && action.last - action.first > 1;
  }
  // Without a good record ending up as a dead letter, rightly.
  bool may_fail(const policy::Delivery::Action& action) const {
    return !gives_up_ || divisible(action) || action.tries < static_cast<std::uint32_t>(on_error_.retry.max_attempts);
  }
  bool may_be_killed() const {
    return !gives_up_ || std::all_of(lanes_.begin(), lanes_.end(), [this](const Lane& lane) {
      return !lane.in_flight || divisible(lane.action) ||
             lane.action.tries <= static_cast<std::uint32_t>(on_error_.retry.max_attempts);
    });
  }

  void maybe_die(double rate) {
    if (may_be_killed() && trouble(rate)) die();
  }

  [[noreturn]] void die() {
    tell("is killed");
    for (const Lane& lane : lanes_) {
      if (lane.in_flight) count_failure(lane, lane.action.first, lane.action.last, lane.action.first);
    }
    throw HostEnds{};
  }

  // ---- the ways out

  void give_up(Lane& lane) {
    if (!gives_up_) throw Violation{"gives up, and then is block or stop"};
    maybe_die(disk_error_rate_);
    const auto tries = static_cast<std::uint32_t>(on_error_.retry.max_attempts);
    for (std::uint32_t k = lane.action.first; k < lane.action.last; ++k) {
      const std::uint32_t index = lane.share[k];
      Record& record = records_[index];
      if (lane.delivery.gave_up_for_age()) {
        if (!aged(index)) fail(index, "is given up for its age");
      } else {
        if ((on_error_.bisect ? record.own : record.failures) < tries) fail(index, "is given up before its time");
        if (lane.delivery.failures_of(k) > record.failures) fail(index, "failed less often than its dead letter says");
        if (on_error_.bisect && record.kind == Kind::good) fail(index, "is good and given up");
        if (record.accepted && on_error_.bisect) fail(index, "was accepted and is given up");
      }
      record.given_up = record.finished = true;
      tell("gives up", index);
      ++work_;
    }
    maybe_die(kill_rate_);
    lane.delivery.given_up();
    note_position();
    checkpoints_made_->record_now();
  }

  // Somebody mends what the host stopped on, and starts it again.
  void stop(Lane& lane) {
    if (on_error_.then != config::Then::stop) throw Violation{"stops, and then is not stop"};
    for (std::uint32_t k = lane.action.first; k < lane.action.last; ++k) {
      Record& record = records_[lane.share[k]];
      record.kind = Kind::good;
      record.old = false;
      ++work_;
    }
    checkpoints_made_->record_now();
    die();
  }

  // ---- checkpoints

  std::uint32_t low_water() {
    std::vector<std::uint32_t> finished;
    for (Lane& lane : lanes_) finished.push_back(lane.delivery.finished());
    return split_.low_water(finished);
  }

  void note_position() {
    const std::uint32_t done = low_water();
    if (done == 0) return;
    const Record& last = records_[first_ + done - 1];
    std::int64_t sub = last.sub_sequence_number;
    if (Parts::checkpoints_whole_aggregates) {
      while (index_of_.contains({last.sequence_number, sub + 1})) ++sub;
    }
    checkpoints_made_->finished(last.sequence_number, sub);
    checkpoints_made_->record_if_due();
  }

  processor::CheckpointAnswer exchange(std::optional<std::string_view> sequence_number,
                                       std::optional<std::int64_t> sub_sequence_number) override {
    if (!sequence_number || !sub_sequence_number) throw Violation{"a checkpoint without a place"};
    const auto place = index_of_.find({std::string(*sequence_number), *sub_sequence_number});
    if (place == index_of_.end()) throw Violation{"a checkpoint at a place where there is no record"};
    for (std::uint32_t i = start_; i <= place->second; ++i) {
      if (!records_[i].finished) fail(i, "is not finished and checkpointed");
    }
    if (lease_lost_) throw Violation{"a checkpoint after the lease was lost"};
    maybe_die(kill_rate_);
    if (trouble(checkpoint_error_rate_)) {
      switch (between(0, 3)) {
        case 0:
          return {KCLHOST_THROTTLING, "ThrottlingException", ""};
        case 1:
          return {KCLHOST_DEPENDENCY, "KinesisClientLibDependencyException", ""};
        case 2:
          return {KCLHOST_OTHER_EXCEPTION, "NullPointerException", ""};
        default:
          lease_lost_ = true;
          return {KCLHOST_SHUTDOWN, "ShutdownException", ""};
      }
    }
    if (place->second + 1 < lease_) throw Violation{"a checkpoint goes back"};
    lease_ = place->second + 1;
    tell("checkpoint", lease_);
    maybe_die(kill_rate_);
    return {};
  }
  bool pause(config::Milliseconds) override { return true; }
  void warn(std::string_view) override {}

  // ---- the checker's words

  bool aged(std::size_t index) const { return ages_ && records_[index].old; }
  // What the trouble so far may cost: each piece of it a search, in each lane.
  std::size_t bound(std::size_t each) const {
    const double search = 2 * on_error_.retry.max_attempts + std::ceil(std::log2(records_.size() + 1)) + 4;
    return static_cast<std::size_t>(static_cast<double>((work_ + 1) * each) * search * 3) + each * records_.size();
  }
  [[noreturn]] void fail(std::size_t index, const std::string& what) const {
    throw Violation{"record " + std::to_string(index) + " of " + std::to_string(records_.size()) + " " + what};
  }

  std::mt19937_64 random_;
  unsigned lane_count_;
  bool story_;
  config::OnError on_error_;
  config::Checkpoint checkpoint_;
  bool gives_up_ = false, ages_ = false;
  std::vector<Record> records_;
  std::map<std::pair<std::string, std::int64_t>, std::uint32_t> index_of_;
  std::size_t trouble_left_ = 0;
  double kill_rate_ = 0, failure_rate_ = 0, checkpoint_error_rate_ = 0, disk_error_rate_ = 0;
  std::uint32_t most_in_batch_ = 1;

  // What outlives a process.
  std::uint32_t lease_ = 0;  // records checkpointed
  std::vector<std::optional<Tried>> journal_;

  // The process's.
  std::vector<Lane> lanes_;
  std::uint32_t start_ = 0, first_ = 0;
  bool lease_lost_ = false, one_at_a_time_ = false;
  typename Parts::Lanes split_{lane_count_};
  Checkpoints* checkpoints_made_ = nullptr;
  std::string buffer_;
  Batch batch_;

  std::size_t lives_ = 0, deliveries_ = 0;
  std::size_t work_ = 0, work_done_ = 0;
};

}  // namespace kclhost::policy
