// A small world for the failure policy to prove itself in: a shard, a daemon that is killed at times, a plugin that
// fails in every way, and a checker that knows what was promised. Everything in it follows from one seed.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <iostream>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "batch/batch.hpp"
#include "policy/checkpoints.hpp"
#include "policy/delivery.hpp"
#include "policy/lanes.hpp"
#include "policy_world_daemon.hpp"
#include "policy_world_lane.hpp"
#include "policy_world_promises.hpp"
#include "policy_world_setting.hpp"

namespace kclhost::host::policy {

template <class Parts = SoundParts>
class World {
 public:
  // With `story` it is written to standard error what happens.
  World(std::uint64_t seed, unsigned lanes, bool story = false)
      : chance_(seed),
        setting_(chance_),
        promises_(setting_, lanes),
        lane_count_(lanes),
        story_(story),
        journal_(lanes) {
    const config::OnError& on_error = setting_.on_error;
    tell(setting_.records.size(), "records, then", static_cast<int>(on_error.then), "bisect", on_error.bisect,
         "attempts", on_error.retry.max_attempts);
    for (std::size_t i = 0; i < setting_.records.size(); ++i) {
      const Record& record = setting_.records[i];
      if (record.kind != Kind::good || record.old)
        tell("record", i, "kind", static_cast<int>(record.kind), record.failures_left, record.old ? "old" : "");
    }
  }

  // Until everything is processed. Throws Violation.
  void run() {
    for (bool over = false; !over;) over = live();
    promises_.over();
    if (daemon_.lease() != setting_.records.size()) throw Violation{"the last checkpoint is not at the end"};
  }

  std::size_t deliveries() const { return promises_.deliveries(); }
  std::size_t records() const { return setting_.records.size(); }

 private:
  using Lane = WorldLane<Parts>;
  struct HostEnds {};

  template <class... Words>
  void tell(const Words&... words) const {
    if (story_) ((std::cerr << words << ' '), ...) << '\n';
  }

  // ---- one process's life

  // True when the end was reached.
  bool live() try {
    const std::uint32_t start = daemon_.begin();
    promises_.life_begins(start);
    tell("---- starts at", start);
    lanes_.clear();
    for (unsigned i = 0; i < lane_count_; ++i) {
      lanes_.emplace_back(setting_.on_error, chance_.between(1, 1'000'000));
      if (!Parts::forgets_tries) lanes_.back().left_over = journal_[i];
    }
    typename Parts::Checkpoints checkpoints(setting_.checkpoint, daemon_);
    checkpoints_made_ = &checkpoints;
    for (std::uint32_t at = start; at < setting_.records.size();) {
      const std::uint32_t count = std::min(chance_.between(1, setting_.most_in_batch),
                                           static_cast<std::uint32_t>(setting_.records.size()) - at);
      process(at, count);
      at += count;
      checkpoints.record_if_due();
      if (daemon_.lease_lost()) return lose_lease();
      if (trouble_(setting_.kill_rate)) break;  // asked to shut down
    }
    checkpoints.record_now();
    if (daemon_.lease_lost()) return lose_lease();
    return daemon_.lease() == setting_.records.size();
  } catch (const HostEnds&) {
    tell("is killed");
    for (const Lane& lane : lanes_) {
      if (lane.in_flight) promises_.failed(lane.in_hand(), lane.in_hand().size());
    }
    return false;
  }

  bool lose_lease() {
    // It may come back to another machine, where nothing is known.
    if (chance_(0.5)) journal_.assign(lane_count_, std::nullopt);
    return false;
  }

  void process(std::uint32_t first, std::uint32_t count) {
    begin(first, count);
    std::vector<std::size_t> open(lanes_.size());
    for (std::size_t i = 0; i < open.size(); ++i) open[i] = i;
    while (!open.empty()) {
      std::size_t pick = chance_.between(0, static_cast<std::uint32_t>(open.size()) - 1);
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
      maybe_die(setting_.kill_rate);
    }
    for (std::size_t i = 0; i < lanes_.size(); ++i) journal_[i] = lanes_[i].known();
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
      const auto suspect = lane.suspect();
      if (suspect)
        tell("lane", i, "suspects", suspect->first, suspect->last, "tries", suspect->tries,
             suspect->part ? "a part" : "");
      if (lane.left_over && first + count > lane.left_over->last) lane.left_over.reset();
      one_at_a_time_ |= suspect && !Parts::retries_suspects_together;
      lane.delivery.begin(static_cast<std::uint32_t>(lane.share.size()), suspect,
                          setting_.ages ? policy::Delivery::TooOld([this, &lane](std::uint32_t k) {
                            return setting_.records[lane.share[k]].old;
                          })
                                        : policy::Delivery::TooOld());
    }
  }

  void make_batch(std::uint32_t first, std::uint32_t count) {
    buffer_.assign(count * sizeof(RecordEntry), '\0');
    for (std::uint32_t i = 0; i < count; ++i) {
      const Record& record = setting_.records[first + i];
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
        if (lane.action.blocked && setting_.on_error.then != config::Then::block)
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
    if (lane.action.first >= lane.action.last || lane.action.last > lane.share.size())
      throw Violation{"no such records"};
    tell("lane", number, "delivers", lane.share[lane.action.first], "to", lane.share[lane.action.last - 1], "try",
         lane.action.tries, lane.action.searching ? "in a search" : "");
    lane.in_flight = true;
    promises_.delivered(lane.in_hand());
    const policy::Delivery::Action& action = lane.action;
    journal_[number] = Tried{lane.share[action.first], lane.share[action.last - 1],
                             Parts::counts_foreign_tries ? action.attempt : action.tries, action.searching};
  }

  void complete(Lane& lane, std::size_t number) {
    const auto records = lane.in_hand();
    const PluginAnswer answer = plugin_.process(records, may_fail(lane.action), divisible(lane.action));
    if (answer.ends_the_host) throw HostEnds{};
    lane.in_flight = false;
    if (!answer.finished) {
      promises_.accepted(records);
      lane.delivery.succeeded();
      journal_[number] = lane.known();
      return;
    }
    tell("lane", number, "fails and says that it did", *answer.finished);
    promises_.accepted(records.first(*answer.finished));
    promises_.failed(records, records.size() - *answer.finished);
    lane.delivery.failed(*answer.finished);
  }

  bool divisible(const policy::Delivery::Action& action) const {
    return setting_.on_error.bisect && action.last - action.first > 1;
  }
  // Without a good record ending up as a dead letter, rightly.
  bool may_fail(const policy::Delivery::Action& action) const {
    return !setting_.gives_up || divisible(action) ||
           action.tries < static_cast<std::uint32_t>(setting_.on_error.retry.max_attempts);
  }
  bool may_be_killed() const {
    return !setting_.gives_up || std::all_of(lanes_.begin(), lanes_.end(), [this](const Lane& lane) {
      return !lane.in_flight || divisible(lane.action) ||
             lane.action.tries <= static_cast<std::uint32_t>(setting_.on_error.retry.max_attempts);
    });
  }

  void maybe_die(double rate) {
    if (may_be_killed() && trouble_(rate)) throw HostEnds{};
  }

  // ---- the ways out

  void give_up(Lane& lane) {
    maybe_die(setting_.disk_error_rate);
    for (std::uint32_t k = lane.action.first; k < lane.action.last; ++k) {
      promises_.given_up(lane.share[k], lane.delivery.gave_up_for_age(), lane.delivery.failures_of(k));
      tell("gives up", lane.share[k]);
    }
    maybe_die(setting_.kill_rate);
    lane.delivery.given_up();
    note_position();
    checkpoints_made_->record_now();
  }

  // Somebody mends what the host stopped on, and starts it again.
  void stop(Lane& lane) {
    if (setting_.on_error.then != config::Then::stop) throw Violation{"stops, and then is not stop"};
    for (std::uint32_t k = lane.action.first; k < lane.action.last; ++k) {
      Record& record = setting_.records[lane.share[k]];
      record.kind = Kind::good;
      record.old = false;
      promises_.expect_work(1);
    }
    checkpoints_made_->record_now();
    throw HostEnds{};
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
    const Record& last = setting_.records[first_ + done - 1];
    std::int64_t sub = last.sub_sequence_number;
    if (Parts::checkpoints_whole_aggregates) {
      while (setting_.index_of.contains({last.sequence_number, sub + 1})) ++sub;
    }
    checkpoints_made_->finished(last.sequence_number, sub);
    checkpoints_made_->record_if_due();
  }

  Chance chance_;
  Setting setting_;
  Promises promises_;
  Trouble trouble_{chance_, setting_, promises_};
  PluginSide plugin_{chance_, setting_, trouble_};
  DaemonSide daemon_{chance_, setting_, promises_, trouble_, [this] { maybe_die(setting_.kill_rate); }};
  unsigned lane_count_;
  bool story_;
  std::vector<std::optional<Tried>> journal_;  // outlives a process

  // The process's.
  std::deque<Lane> lanes_;
  std::uint32_t first_ = 0;  // of the batch
  bool one_at_a_time_ = false;
  typename Parts::Lanes split_{lane_count_};
  typename Parts::Checkpoints* checkpoints_made_ = nullptr;
  std::string buffer_;
  Batch batch_;
};

}  // namespace kclhost::host::policy
