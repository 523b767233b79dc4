// A release on trial: the one before it gives a second opinion on what it fails at.
#include <algorithm>

#include "shard/lane.hpp"

namespace kclhost::host {

using Level = config::LogLevel;

namespace {

// So many times what the release before takes is a hang.
constexpr int hang = 10;

}  // namespace

std::uint32_t Lane::wanted_release() const {
  // A shard comes up with what is not on trial.
  return opinion_ == Opinion::none && desk_.proven != 0 ? desk_.release : desk_.trusted();
}

// What another opinion is asked on: a release on trial, and what is left of one that another has replaced.
bool Lane::on_trial(const Instance& one) const {
  return one.release() != desk_.trusted();
}

bool Lane::is_tried(const Instance& one) const {
  return desk_.before != 0 && one.release() == desk_.release;
}

// What a release on trial does wrong is a fault once it is undone, and one line says so then.
Level Lane::level_of_failure(const Instance& one) const {
  return on_trial(one) ? Level::info : Level::error;
}

// The instance has failed, or died, with the records that it was given so far. True: nothing of that counts yet,
// because the release before is asked first.
bool Lane::doubt(const Instance& was, const std::string& why) {
  // It has none in hand: there is nothing to ask about. A death of it is counted by others.
  if (delivery_.given() <= delivery_.finished()) return false;
  if (was.release() == desk_.trusted()) records_are_at_fault("fails at the same records");
  if (!on_trial(was)) return false;
  opinion_ = Opinion::asked;
  doubted_ = was.release();
  doubted_end_ = delivery_.given();
  opinion_flushed_ = false;
  doubt_ = why;
  outlasted_ = was.outlasted() ? was.timeout() : never;
  outlasted_in_ = was.call();
  desk_.tell(Level::info,
             "release " + std::to_string(doubted_) + " fails; release " + std::to_string(desk_.trusted()) +
                 " is given the same records before anything counts",
             {{"first", window_.position(delivery_.finished()).str()},
              {"last", window_.position(doubted_end_ - 1).str()},
              {"error", why}});
  return true;
}

// A rejection is final, so another opinion is asked for: whether it is ignored for now. Where the plugin is in the host
// there is nothing that could be ended.
bool Lane::rejects_on_trial(std::uint32_t record, std::string_view reason) {
  if (instance_->release() == desk_.trusted()) records_are_at_fault("fails at the same records");
  if (!on_trial(*instance_) || desk_.config.isolation != config::Isolation::process) return false;
  const std::string rejects = is_tried(*instance_) ? "ended because it is on trial and rejects record "
                                                   : "ended because it is being replaced and rejects record ";
  instance_->condemn(rejects + window_.position(record).str() + ": " + std::string(reason));
  return true;
}

void Lane::records_are_at_fault(const std::string& how) {
  if (opinion_ != Opinion::asked) return;
  opinion_ = Opinion::not_shared;
  desk_.tell(Level::info, "release " + std::to_string(desk_.trusted()) + " " + how +
                              ": they are at fault, and not release " + std::to_string(doubted_));
}

Pace& Lane::pace_of(Call call) const {
  return call == Call::tick ? desk_.tick_pace : call == Call::flush ? desk_.flush_pace : desk_.records_pace;
}

// A release on trial that hangs must not hold the shard up for as long as one that nobody doubts. But it may take
// longer than the one before: what is far from anything that was seen here is a hang, and no less.
Time Lane::time_for(Call call, std::uint32_t records) const {
  const Time most = desk_.config.timeouts.process_records;
  const Pace& pace = pace_of(call);
  // Where the plugin is in the host there is nothing that could be ended.
  const bool limited = is_tried(*instance_) && pace.is_known() && desk_.config.isolation == config::Isolation::process;
  if (!limited) return most;
  return std::min(most, std::max(desk_.call_longer_than, hang * pace.of(records)));
}

void Lane::begin_in_time(const Request& request) {
  checkpoint_ = KCLHOST_OK;
  const Time time = time_for(request.call, std::max(request.batch.count, 1u));
  instance_->begin(request, time);
  if (time < desk_.config.timeouts.process_records) {
    instance_->cut_short(text_of(time) + ", which is what it has on trial (rollout.undo_on.call_longer_than)");
  }
}

// The call has gone well.
void Lane::keep_pace(Call call) {
  if (on_trial(*instance_)) return;
  const Time spent = instance_->spent();
  pace_of(call).add(call == Call::process_records ? part_.count : 1, spent);
  // By that alone the other one would have had more time.
  if (outlasted_ != never && call == outlasted_in_ && hang * spent > outlasted_) {
    records_are_at_fault("takes " + text_of(spent) + " for the same records");
  }
}

// Whether the release before has taken what the one on trial failed at.
void Lane::judge() {
  if (opinion_ == Opinion::none) return;
  if (opinion_ == Opinion::not_shared && desk_.release != doubted_) {
    opinion_ = Opinion::none;  // what is wanted now may be a cure
  } else if (delivery_.accepted() >= doubted_end_) {
    const bool may_change_its_mind = opinion_ == Opinion::asked && holds_records() && !opinion_flushed_;
    if (may_change_its_mind && delivery_.finished() < doubted_end_) {
      const bool is_free = ready() && flushing_ == Flush::none && desk_.now.steady >= ask_again_at_;
      if (is_free && may_flush()) flush(Flush::opinion);
      return;
    }
    if (std::exchange(opinion_, Opinion::none) == Opinion::asked) desk_.undo(doubted_, doubt_);
  }
}

bool Lane::wants_standby() const {
  if (closing_ || standby_ || !instance_ || instance_->phase() != Instance::Phase::ready) return false;
  const Instance& next = successor_ ? *successor_ : *instance_;
  return next.phase() >= Instance::Phase::created && next.release() == desk_.release && on_trial(next);
}

// A release on trial takes over when there is one to go back to: it may fail at the first records. Where none can be
// had it is not waited for.
bool Lane::awaits_standby() const {
  if (!successor_ || !on_trial(*successor_) || replacement_flushed_ || flushing_ == Flush::replacement) return false;
  return standby_ ? standby_->phase() < Instance::Phase::created : wants_standby() && desk_.now.steady >= standby_at_;
}

// It waits, created and not initialized, so that asking it costs no start.
void Lane::keep_standby() {
  const bool is_next = standby_ && !instance_ && standby_->release() == wanted_release();
  if (standby_ && standby_->release() != desk_.before && !is_next) drop_standby();
  if (wants_standby() && desk_.now.steady >= standby_at_) {
    standby_.emplace(desk_, number_, desk_.before, ++generation_);
  }
  if (standby_ && standby_->phase() == Instance::Phase::loaded && !standby_->in_call() && !desk_.shard_id.empty()) {
    create(*standby_);
  }
}

void Lane::drop_standby() {
  if (!standby_) return;
  desk_.ask(action::LetGo{standby_->id()});
  standby_.reset();
}

void Lane::no_standby(const std::string& why) {
  standby_.reset();
  standby_at_ = desk_.now.steady + desk_.config.on_error.retry.max_backoff;
  desk_.tell(Level::debug, "release " + std::to_string(desk_.before) + " does not stand by: " + why);
}

}  // namespace kclhost::host
