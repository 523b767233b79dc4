// What happens to records that do not go through at once: retry, bisection, and what becomes of a record that never
// does.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <vector>

#include "config/config.hpp"
#include "shard/record_set.hpp"

namespace kclhost::host {

// Decides, for the records of one lane, what to do next. It knows records by their index alone: 0 is the first one that
// the lane still has. Use: ask next(), do that, say how it went, until next() says done or stop.
//
// Order is kept: no record is delivered before those in front of it were accepted or set aside. A failing range is
// delivered whole max_attempts times. Then it is halved, the front half first, until a single record fails; only that
// one is set aside, after max_attempts tries of its own. So k bad records among n cost O(k log n) deliveries.
//
// An instance that holds records (it checkpoints for itself, or acknowledges) loses all of them when it dies. The next
// one is given them again, and they are what has failed: any of them may be to blame. While that is not known, a part
// that passes is followed by a flush, so that a record which kills only there is found too, and what was flushed in
// front of a part is free of blame.
class Delivery {
 public:
  enum class Step {
    deliver,    // give the records [first, last) to the plugin; then succeeded(), failed() or instance_lost()
    flush,      // have the plugin finish what it holds; then flushed() or instance_lost()
    make_room,  // the same, because `most` is too little as long as it holds that; nothing is said of it afterwards
    wait,       // let `wait` pass; then waited()
    set_aside,  // the records [first, last) go to on_error.then (skip or dead_letter); then set_aside()
    stop,       // end without acknowledging; nothing more is asked
    done,       // every record is accepted or set aside
  };
  struct Order {
    Step step{};
    std::uint32_t first = 0, last = 0;
    std::uint32_t attempt = 1;  // of these records, counted from 1
    config::Milliseconds wait{0};
    bool blocked = false;  // wait: the shard stands still until these records pass
    // set_aside: why. Otherwise they failed.
    bool aged = false;      // they are too old
    bool rejected = false;  // the plugin has said so
  };
  // What a failure says besides that it is one.
  struct Failure {
    std::uint32_t accepted = 0;              // records at the front of the delivery that are done all the same
    std::optional<std::uint32_t> culprit{};  // the record of the delivery that is to blame, counted from its front
    bool permanent = false;                  // another try would fail as well
    std::optional<config::Milliseconds> retry_after{};
  };
  // What an earlier process knew of a range of records.
  struct Suspect {
    std::uint32_t first = 0, last = 0;
    std::uint32_t failures = 0;       // deliveries that failed
    std::uint32_t interruptions = 0;  // deliveries in the middle of which the host ended, for whatever reason
    bool searching = false;           // a record of it is known to fail, and is being looked for
    bool part = false;                // others were tried with these, so the counts say little of them by themselves
  };
  // Says whether a record is too old to be tried; empty: none is.
  using TooOld = std::function<bool(std::uint32_t)>;

  // `seed` is for the backoff's jitter. The configuration must outlive this.
  Delivery(const config::OnError& config, std::uint32_t seed) : config_(config), random_(seed) {}

  // The instance finishes records by checkpoints of its own, or acknowledges them; without, by returning.
  void set_holds(bool holds) { holds_ = holds; }
  bool holds() const { return holds_; }

  // The first n records, all of them finished, leave; indexes count from the first that stays.
  void drop(std::uint32_t n);
  // So many more records come behind those that are there.
  void extend(std::uint32_t count);
  // Of records that have just come, in order. A range that can't be halved is delivered again however often the host
  // ended in the middle of it: only a delivery that failed counts against a record.
  void suspect(const Suspect& suspect);
  // These records were set aside by an earlier process.
  void known_aside(std::uint32_t first, std::uint32_t last);

  // No more than `most` records are delivered at once.
  Order next(const TooOld& too_old, std::uint32_t most = UINT32_MAX);
  // The next rejected record that is to be set aside, whatever else is due or under way; then set_aside().
  std::optional<Order> next_rejected();
  // The delivery ordered last begins.
  void begun();
  void succeeded();
  // A culprit is tried alone next, and this failure counts as a try of its own. Where none is named the record behind
  // those that are done is taken for it, but only tries of its own count against it.
  void failed(const Failure& failure);
  // The record can't ever be processed: see next_rejected; or, where on_error.then is block or stop, it has used up its
  // tries. Of the delivery under way, or one that the instance holds. False when it is finished.
  bool reject(std::uint32_t index);
  // It was given to the instance, and is not finished.
  bool is_open(std::uint32_t index) const { return index < given() && index >= finished_ && !done_.contains(index); }
  void flushed();
  void waited();
  void set_aside();
  // Or they were finished meanwhile, and nothing comes of the order.
  void left() { leaving_ = no_record; }
  // The delivery under way ends, and says nothing of its records, but for those at its front that are done.
  void interrupted(std::uint32_t accepted = 0);
  // The same, and the instance goes on: whether there is something to give it again.
  bool repeat(std::uint32_t accepted);
  // The instance is gone and with it what it held. `in_call`: while it was given records; `blameless`: not by a fault
  // of its own, so that nothing counts as failed.
  void instance_lost(bool in_call, bool blameless);
  // The records before this index are checkpointed.
  void checkpointed(std::uint32_t count);
  // These records, which the instance was given, are finished.
  void acknowledged(std::uint32_t first, std::uint32_t last);

  std::uint32_t count() const { return count_; }
  bool all_finished() const { return finished_ == count_; }
  // The records before this index are finished: they will never be delivered again.
  std::uint32_t finished() const { return finished_; }
  bool is_finished(std::uint32_t index) const { return index < finished_ || done_.contains(index); }
  // Those before this one are finished, or held by the instance.
  std::uint32_t accepted() const { return accepted_; }
  // The instance was given a record that can still be acknowledged, or set aside.
  bool holds_open() const { return first_open(finished_, accepted_) < accepted_; }
  // The first of the records [first, last) that can still be acknowledged, or set aside; `last` when none can. A
  // rejected one that has to be tried again can't: the plugin has said all that it can say of it.
  std::uint32_t first_open(std::uint32_t first, std::uint32_t last) const {
    first = std::max(first, finished_);
    return gives_up() ? std::min(done_.end_of_run(first), last) : rest_after_rejected(first, last);
  }
  // The instance was given a record of which it has said nothing, not even that it rejects it.
  bool awaits_word() const { return rest_after_rejected(finished_, accepted_) < accepted_; }
  // What the instance has been given so far, the delivery under way included.
  std::uint32_t given() const { return under_way_ ? std::max(accepted_, call_last_) : accepted_; }
  bool under_way() const { return under_way_; }
  std::uint32_t call_first() const { return call_first_; }
  std::uint32_t call_last() const { return call_last_; }
  // The plugin has taken all records before this index, rejects none of them, and no flush is to show whether it can do
  // them.
  bool has_passed(std::uint32_t end) const {
    return due_ != Due::flush && done_.end_of_run(accepted_) >= end && !has_rejected(end);
  }
  // The range at hand has used up its tries, and is tried on.
  bool blocked() const { return blocked_; }
  bool looking_for_culprit() const { return first_ < probation_end_; }
  // A record before this index was rejected, and is neither set aside nor with the instance again.
  bool has_rejected(std::uint32_t before) const {
    return (!rejected_.empty() && rejected_.front() < before) || (!under_way_ && tried_again_ < before);
  }
  // Records leave when all tries are used up.
  bool gives_up() const;
  // How often a record was part of a delivery that failed.
  std::uint32_t failures_of(std::uint32_t index) const;
  // What the next process must know if this one ends now: of the records that the call under way may be about (it was
  // given them, or holds them), and of all else.
  Suspect current() const;
  void known(std::vector<Suspect>& to, bool current_is_told) const;

 private:
  static constexpr std::uint32_t no_record = UINT32_MAX;
  enum class Due { deliver, flush, wait, set_aside, stop };
  struct Range {
    std::uint32_t first, last, times;
  };

  void take_rejected();
  void finish(std::uint32_t first, std::uint32_t last);
  void skip_what_is_done();
  void move_on();
  void choose_range();
  void go_on_with(const Suspect& suspect);
  Order delivery_of(std::uint32_t first, std::uint32_t last, const TooOld& too_old, std::uint32_t most);
  void try_failed(bool for_good = false);
  // `failures` so far: how long until the next try.
  void wait(std::uint32_t failures);
  void blame(std::uint32_t first, std::uint32_t last);
  void halve(std::uint32_t bad_end);
  void pass();
  void exhausted();
  std::uint32_t done_in_call(std::uint32_t accepted) const;
  void remember_failure(std::uint32_t first, std::uint32_t last, std::uint32_t times = 1);
  void remember_failure_of_rest(std::uint32_t first, std::uint32_t last);
  template <class Run>
  void each_run_without_rejected(std::uint32_t first, std::uint32_t last, Run&& run);
  std::uint32_t rest_after_rejected(std::uint32_t first, std::uint32_t last) const;
  // The first record behind `first` that is finished, or `last`.
  std::uint32_t end_before_done(std::uint32_t first, std::uint32_t last) const { return done_.next(first + 1, last); }

  const config::OnError& config_;
  std::minstd_rand random_;
  bool holds_ = false;
  std::uint32_t count_ = 0;
  std::uint32_t finished_ = 0, accepted_ = 0;
  std::uint32_t first_ = 0, last_ = 0;            // the range at hand; what lies between accepted_ and it comes first
  std::uint32_t call_first_ = 0, call_last_ = 0;  // ordered or under way
  bool under_way_ = false;
  bool call_in_front_ = false;       // it is not of the range at hand, but of what comes before
  std::uint32_t bad_end_ = 0;        // a record in [first_, bad_end_) is known to fail; 0: nothing is known
  std::uint32_t cleared_ = 0;        // the records before this passed a flush: free of blame while one is looked for
  std::uint32_t probation_end_ = 0;  // a part before this is followed by a flush, if the instance holds records
  std::uint32_t tries_ = 0;          // failed deliveries of the range at hand, or of the single record
  std::uint32_t interruptions_ = 0;  // of the range at hand
  bool searching_ = false;           // halving has begun: whole ranges are no longer tried twice
  bool blocked_ = false;             // the range at hand has used up its tries, and on_error.then is block
  Due due_ = Due::deliver;
  bool aged_ = false;
  std::uint32_t leaving_ = no_record;  // the rejected record that is being set aside
  config::Milliseconds wait_{0};
  std::uint32_t tried_again_ = no_record;  // a rejected record, in front of what the instance holds
  std::uint32_t culprit_ = no_record;      // behind the range at hand, and to be tried alone
  std::uint32_t culprit_tries_ = 0;        // of it alone, that have failed
  bool culprit_spent_ = false;             // it gets no other
  std::vector<Suspect> suspects_;          // in order, of records that were not met yet
  RecordSet done_;                         // set aside or acknowledged, behind an unfinished one
  std::vector<std::uint32_t> rejected_;    // in order; neither finished nor tried again
  std::vector<Range> failed_;              // the ranges of the deliveries that failed
};

}  // namespace kclhost::host
