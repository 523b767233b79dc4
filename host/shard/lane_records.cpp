// A lane's way with its records: what Delivery orders is carried out, and how it went is told to it.
#include <algorithm>

#include "shard/backoff.hpp"
#include "shard/lane.hpp"

namespace kclhost::host {
namespace {

using Level = config::LogLevel;
using Step = Delivery::Step;

constexpr std::string_view too_old_text = "older than on_error.max_record_age";

bool too_old_at(const Window& window, std::uint32_t index, std::int64_t oldest_ms) {
  const std::int64_t arrival = window.entry(index).arrival_ms;
  return arrival != KCLHOST_NO_TIMESTAMP && arrival < oldest_ms;
}

}  // namespace

void Lane::recall(std::vector<JournalNote> notes) {
  left_over_ = std::move(notes);
  std::erase_if(left_over_, [this](const JournalNote& note) { return !note.holds_in(lane_count()); });
}

void Lane::begin(const Batch& share) {
  const std::uint32_t from = window_.kept_count();
  window_.begin(share);
  delivery_.extend(share.count);
  has_suspects_ = false;
  if (share.count == 0 || left_over_.empty()) return;
  for (const JournalNote& note : left_over_) match(note, from);
  // After a restart from an earlier checkpoint the records that were tried can be batches away.
  const Position last = window_.position(window_.size() - 1);
  std::erase_if(left_over_, [&last](const JournalNote& note) { return !(last < note.last); });
  // What has come is known now; of the rest the note still tells, and tells nothing twice.
  for (JournalNote& note : left_over_) {
    if (!(last < note.first)) note.first = {last.sequence_number, last.sub_sequence_number + 1};
  }
}

// Applies what an earlier process knew of records that have come with this batch.
void Lane::match(const JournalNote& note, std::uint32_t from) {
  std::uint32_t first = from, last = window_.count_up_to(note.last);
  while (first < last && window_.position(first) < note.first) ++first;
  if (first >= last) return;
  if (note.aside) {
    delivery_.known_aside(first, last);
    for (std::uint32_t i = first; i < last; ++i) desk_.aside_before.add(window_.entry(i));
    asides_.push_back(note);
    asides_.back().first = window_.position(first);
    asides_.back().last = window_.position(last - 1);
    asides_.back().lanes = lane_count();
    desk_.tell(Level::info, "an earlier process set these records aside; they are not delivered again",
               {{"first", note.first.str()}, {"last", note.last.str()}});
    return;
  }
  const bool whole = window_.position(first) == note.first && window_.position(last - 1) == note.last;
  const std::uint32_t interruptions = note.interruptions + (note.under_way ? 1 : 0);
  // The record that ends the host must not have others in flight with it, nor be met again behind them.
  has_suspects_ = true;
  desk_.tell(Level::warn, "an earlier process ended while it tried these records; the count goes on",
             {{"first", note.first.str()},
              {"last", note.last.str()},
              {"tries", std::to_string(note.failures + interruptions)}});
  failed_at("DIED", "the host ended while these records were being processed");
  delivery_.suspect({first, last, note.failures, interruptions, note.searching, !whole});
}

bool Lane::advance(bool first_in_line, bool look_again) {
  const config::OnError& on_error = desk_.config.on_error;
  Delivery::TooOld too_old;
  if (on_error.max_record_age && on_error.then != config::Then::block) {
    too_old = [this, oldest = desk_.now.wall_ms - on_error.max_record_age->count()](std::uint32_t index) {
      return too_old_at(window_, index, oldest);
    };
  }
  while (!desk_.ended && stopped_.empty()) {
    if (closing_ || awaiting_aside_) return false;
    if (const auto rejected = delivery_.next_rejected()) {
      if (!first_in_line) return false;
      set_aside(*rejected);
      if (look_again) return false;
      continue;
    }
    if (desk_.looking || flushing_ != Flush::none || (instance_ && instance_->in_call())) return false;
    if (desk_.now.steady < ask_again_at_) return false;
    if (waiting_) {
      if (desk_.now.steady < wake_at_) return false;
      waiting_ = false;
      delivery_.waited();
      if (delivery_.blocked()) {
        desk_.look_for_release();
        return false;
      }
    }
    const Delivery::Order order = delivery_.next(too_old, room());
    switch (order.step) {
      case Step::deliver:
        if (!first_in_line || !ready()) return false;
        deliver(order);
        break;
      case Step::flush:
        if (!ready()) return false;
        flush(Flush::probation);
        break;
      case Step::make_room:
        if (first_in_line) finish_held();
        return false;
      case Step::wait:
        wait(order);
        break;
      case Step::set_aside:
        // Before its turn it would not be checkpointed, and be set aside again after the next record that ends the
        // host.
        if (!first_in_line) return false;
        set_aside(order);
        if (look_again) return false;
        break;
      case Step::stop:
        if (!first_in_line) return false;
        stopped_ =
            "stopped by on_error: the batch is not acknowledged, the daemon reads it again from the last checkpoint";
        return false;
      case Step::done:
        return true;
    }
  }
  return false;
}

// How many more records an instance can be given: a worker that acknowledges has so much memory to do it in.
std::uint32_t Lane::room() const {
  const RecordId most = about_ ? about_->most_open : 0;
  if (most == 0) return UINT32_MAX;
  return static_cast<std::uint32_t>(most - std::min(most, next_id_ - oldest_open()));
}

// Those before it say nothing any more.
RecordId Lane::oldest_open() const {
  for (const Given& run : given_) {
    const std::uint32_t end = run.index + run.count, open = delivery_.first_open(run.index, end);
    if (open < end) return run.first_id + (open - run.index);
  }
  return next_id_;
}

Amount Lane::unfinished() const {
  Amount all;
  for (std::uint32_t i = delivery_.finished(); i < window_.size(); ++i) {
    if (!delivery_.is_finished(i)) all.add(window_.entry(i));
  }
  return all;
}

// The ids of the records [first, last), where they have some, say nothing any more.
void Lane::take_back(std::uint32_t first, std::uint32_t last) {
  for (std::size_t i = 0; i < given_.size(); ++i) {
    Given& run = given_[i];
    const std::uint32_t from = std::max(first, run.index), to = std::min(last, run.index + run.count);
    if (from >= to) continue;
    const Given behind{run.first_id + (to - run.index), to, run.index + run.count - to};
    run.count = from - run.index;
    if (behind.count != 0) given_.insert(given_.begin() + static_cast<std::ptrdiff_t>(i) + 1, behind);
  }
  std::erase_if(given_, [](const Given& run) { return run.count == 0; });
}

// The records [first, last) get new ids.
RecordId Lane::give(std::uint32_t first, std::uint32_t last) {
  take_back(first, last);
  const RecordId id = next_id_;
  next_id_ += last - first;
  const bool goes_on = !given_.empty() && given_.back().index + given_.back().count == first &&
                       given_.back().first_id + given_.back().count == id;
  if (goes_on) {
    given_.back().count += last - first;
  } else {
    given_.push_back({id, first, last - first});
  }
  return id;
}

void Lane::deliver(const Delivery::Order& order) {
  desk_.free_parts();
  const std::size_t free_before = desk_.free;
  const std::optional<Batch> part = window_.part(order.first, order.last, desk_.memory, desk_.free);
  if (!part) return desk_.end(exit_stopped, "no memory for the batch");
  part_ = *part;
  part_laid_out_ = desk_.free != free_before;
  if (part_laid_out_) ++desk_.laid_out;
  replacement_flushed_ = false;
  const RecordId first_id = give(order.first, order.last);
  const RecordId oldest_id = oldest_open();
  delivery_.begun();
  delivered_.set(part_.sequence_number(part_.count - 1), part_.entry(part_.count - 1).sub_sequence_number);
  // The disk must know of a delivery that may take the machine down: of every one that is not the first try, and of a
  // new process's first, because the one before may have ended with the machine.
  write_journal(order.attempt > 1 || !journal_synced_);
  journal_synced_ = true;
  begin_in_time({.call = Call::process_records,
                 .batch = part_,
                 .first_id = first_id,
                 .oldest_id = oldest_id,
                 .attempt = order.attempt});
}

void Lane::part_over() {
  if (std::exchange(part_laid_out_, false)) --desk_.laid_out;
}

void Lane::records_over(const Outcome& outcome) {
  part_over();
  repeating_ = false;
  if (outcome.ok()) {
    idle_deaths_ = 0;
    delivery_.succeeded();
    tell_if_unblocked();
  } else if (closing_) {
    delivery_.interrupted();
  } else {
    report(Call::process_records, outcome.message, nullptr, true, level_of_failure(*instance_));
    const auto accepted = static_cast<std::uint32_t>(outcome.first_unfinished);
    if (failed_for_checkpoint()) {
      if (delivery_.repeat(accepted)) ask_again_later();
      return write_journal(false);
    }
    if (doubt(*instance_, outcome.message)) {
      delivery_.interrupted(accepted);
      instance_->destroy();
      return write_journal(false);
    }
    failed_at("FAILED", outcome.message);
    Delivery::Failure failure{.accepted = accepted, .permanent = outcome.permanent};
    if (outcome.culprit) failure.culprit = static_cast<std::uint32_t>(*outcome.culprit);
    if (outcome.retry_after_ms) failure.retry_after = config::Milliseconds(*outcome.retry_after_ms);
    const std::uint32_t unfinished = delivery_.call_first() + accepted, last = delivery_.call_last();
    delivery_.failed(failure);
    take_back(unfinished, last);  // the instance does not have them
  }
  write_journal(false);
}

// The plugin hands a refusal on that is none of its faults, nor its records'. The same instance is asked again.
bool Lane::failed_for_checkpoint() const {
  return !closing_ && blameless_refusal(checkpoint_);
}

void Lane::ask_again_later() {
  // The lease is lost: the shard drops what there is.
  if (checkpoint_ == KCLHOST_SHUTDOWN) {
    ask_again_at_ = never;
    return;
  }
  const Time pause = desk_.config.checkpoint.retry.max_backoff;
  ask_again_at_ = desk_.now.steady + pause;
  desk_.tell(Level::warn,
             "the call failed after its checkpoint was refused, which counts against no record; next try in " +
                 text_of(pause));
}

bool Lane::busy_with_records() const {
  const bool in_call = instance_ && (instance_->in_call(Call::process_records) || instance_->in_call(Call::flush));
  return awaiting_aside_ || in_call;
}

// Also where the call has failed: it may have failed for want of memory.
void Lane::heed_memory(std::uint64_t resident) {
  const auto& most = desk_.config.worker.max_memory;
  if (!most || resident <= *most || outgrown_ || closing_ || !instance_ || !instance_->ready()) return;
  outgrown_ = true;
  desk_.tell(Level::warn, "the worker has outgrown worker.max_memory and is replaced",
             {{"resident_bytes", std::to_string(resident)}, {"max_bytes", std::to_string(*most)}});
  if (on_trial(*instance_)) desk_.undo(instance_->release(), "it has outgrown worker.max_memory");
}

void Lane::records_died(const Instance& was, const Death& death) {
  part_over();
  if (closing_) {
    delivery_.interrupted();
    return lost(false, true);
  }
  // The plugin never saw them: once more, as if nothing had been.
  if (!has_begun(was, death)) {
    tell_death_between_calls(was, death);
    if (std::exchange(repeating_, true)) {
      start_at_ = desk_.now.steady + backoff(desk_.config.on_error.retry, 1, desk_.random);
    }
    delivery_.interrupted();
    if (holds_records() && doubt(was, "the worker was " + death.cause())) return lost(false, true);
    if (holds_records()) failed_at("DIED", death.explained());
    return lost(false, false);
  }
  repeating_ = false;
  report(Call::process_records, death.message, &death, true, level_of_failure(was));
  desk_.ask(action::WriteCrashReport{was.generation(), death, part_});
  if (doubt(was, "the worker was " + death.cause())) {
    delivery_.interrupted();
    return lost(false, true);
  }
  failed_at("DIED", death.explained());
  lost(true, false);
}

void Lane::failed_at(const char* code, const std::string& text) {
  last_failure_ms_ = desk_.now.wall_ms;
  if (first_failure_ms_ == 0 || delivery_.failures_of(delivery_.finished()) == 0) first_failure_ms_ = last_failure_ms_;
  error_code_ = code;
  error_text_ = text;
}

void Lane::wait(const Delivery::Order& order) {
  waiting_ = true;
  wake_at_ = desk_.now.steady + order.wait;
  if (!order.blocked) return;
  const bool is_told = blocked_ && order.first == blocked_first_ && order.last <= blocked_end_;
  blocked_end_ = blocked_ ? std::max(blocked_end_, order.last) : order.last;
  blocked_first_ = order.first;
  blocked_ = true;
  if (is_told) return;
  desk_.tell(Level::error,
             "the shard waits: these records fail whatever is tried, and on_error.then is block; the host tries them "
             "again until they pass, and takes up a new plugin file",
             {{"first", window_.position(order.first).str()},
              {"last", window_.position(order.last - 1).str()},
              {"error", error_text_}});
}

// What has passed may be a part of those that the shard waits for, or what another instance was given in front of them.
void Lane::tell_if_unblocked() {
  if (!blocked_ || !delivery_.has_passed(blocked_end_)) return;
  blocked_ = false;
  desk_.tell(Level::info, "the shard goes on: the records that it waited for have passed");
}

void Lane::set_aside(const Delivery::Order& order) {
  order_ = order;
  if (desk_.config.on_error.then != config::Then::dead_letter) return finish_aside();
  awaiting_aside_ = true;
  order_left_ = false;
  action::WriteDeadLetters all;
  all.lane = number_;
  for (std::uint32_t i = order.first; i < order.last; ++i) {
    const RecordEntry& entry = window_.entry(i);
    all.letters.push_back({window_.data(i), window_.partition_key(i), window_.sequence_number(i),
                           entry.sub_sequence_number, entry.arrival_ms, attempts_of(i)});
  }
  all.error_code = order.aged ? "TOO_OLD" : order.rejected ? "REJECTED" : error_code_;
  all.error_text = error_of(order.first);
  all.first_try_ms = order.aged ? 0 : order.rejected ? desk_.now.wall_ms : first_failure_ms_;
  all.last_try_ms = order.aged ? 0 : order.rejected ? desk_.now.wall_ms : last_failure_ms_;
  if (about_) all.plugin_id = about_->id;
  if (about_) all.plugin_version = about_->version;
  all.generation = generation_;
  desk_.ask(std::move(all));
}

void Lane::set_aside_done(const std::string& error) {
  awaiting_aside_ = false;
  const bool left = std::exchange(order_left_, false);
  if (error.empty() && !left) {
    finish_aside();
  } else if (error.empty()) {
    delivery_.left();
  } else {
    stopped_ = error;
  }
}

// What the plugin said of a record that is set aside for that; null when it is for another reason.
const Lane::Verdict* Lane::verdict_on(std::uint32_t record) const {
  if (!order_.rejected) return nullptr;
  for (const Verdict& verdict : verdicts_) {
    if (verdict.index == record) return &verdict;
  }
  return nullptr;
}

// Why a record that is set aside failed.
const std::string& Lane::error_of(std::uint32_t record) const {
  static const std::string too_old(too_old_text);
  if (order_.aged) return too_old;
  const Verdict* const verdict = verdict_on(record);
  return verdict != nullptr ? verdict->reason : error_text_;
}

std::uint32_t Lane::attempts_of(std::uint32_t record) const {
  const Verdict* const verdict = verdict_on(record);
  return verdict != nullptr ? verdict->attempts : delivery_.failures_of(record);
}

void Lane::finish_aside() {
  const bool skipped = desk_.config.on_error.then == config::Then::skip;
  for (std::uint32_t i = order_.first; i < order_.last; ++i) {
    desk_.set_aside.add(window_.entry(i));
    desk_.tell(Level::error, skipped ? "record skipped by on_error" : "record put into the dead letters",
               {{"record", window_.position(i).str()},
                {"partition_key", std::string(window_.partition_key(i))},
                {"attempts", std::to_string(attempts_of(i))},
                {"total", std::to_string(desk_.set_aside.records)},
                {"error", error_of(i)}});
  }
  note_aside(order_.first, order_.last);
  delivery_.set_aside();
  // Nobody will say any more whose fault it was.
  if (opinion_ == Opinion::asked && order_.first < doubted_end_) opinion_ = Opinion::not_shared;
  std::erase_if(verdicts_, [this](const Verdict& verdict) { return order_.rejected && verdict.index == order_.first; });
  if (!order_.rejected) blocked_ = false;
  set_aside_some_ = true;
  write_journal(true);
  settle();
}

void Lane::keep(std::uint32_t finished) {
  const std::uint32_t gone = window_.keep(finished);
  delivery_.drop(gone);
  for (Given& run : given_) {
    const std::uint32_t of_it = std::min(gone > run.index ? gone - run.index : 0, run.count);
    run.first_id += of_it;
    run.count -= of_it;
    run.index = run.index > gone ? run.index - gone : 0;
  }
  std::erase_if(given_, [](const Given& run) { return run.count == 0; });
  leave_order(gone);
  blocked_first_ -= std::min(blocked_first_, gone);
  blocked_end_ -= std::min(blocked_end_, gone);
  doubted_end_ -= std::min(doubted_end_, gone);
  std::erase_if(verdicts_, [gone](const Verdict& verdict) { return verdict.index < gone; });
  for (Verdict& verdict : verdicts_) verdict.index -= gone;
}

// Records that are being set aside go on by another index; or they are gone by themselves.
void Lane::leave_order(std::uint32_t gone) {
  if (!awaiting_aside_) return;
  order_left_ |= order_.first < gone;
  order_.first -= std::min(order_.first, gone);
  order_.last -= std::min(order_.last, gone);
}

void Lane::drop_all() {
  leave_order(delivery_.count());
  delivery_.drop(delivery_.count());
  window_.clear();
  given_.clear();
  verdicts_.clear();
  opinion_ = Opinion::none;
  waiting_ = blocked_ = false;
  ask_again_at_ = Time(0);
  settle();
}

void Lane::acknowledged(RecordId first, std::uint64_t count) {
  if (!acknowledges()) return;
  for (const Given& run : given_) {
    const RecordId from = std::max(first, run.first_id), to = std::min(first + count, run.first_id + run.count);
    if (from >= to) continue;
    const auto index = static_cast<std::uint32_t>(run.index + (from - run.first_id));
    delivery_.acknowledged(index, index + static_cast<std::uint32_t>(to - from));
  }
  // The next one to end the host is none of these.
  if (desk_.config.isolation == config::Isolation::none) write_journal(false);
  settle();
}

void Lane::set_rejected_aside() {
  while (!closing_ && !awaiting_aside_ && stopped_.empty()) {
    const auto order = delivery_.next_rejected();
    if (!order) return;
    set_aside(*order);
  }
}

void Lane::rejected(RecordId record, std::string_view reason) {
  for (const Given& run : given_) {
    if (record < run.first_id || record - run.first_id >= run.count) continue;
    const auto index = static_cast<std::uint32_t>(run.index + (record - run.first_id));
    if (!acknowledges() && !(instance_->in_call(Call::process_records) && record + part_.count >= next_id_)) return;
    if (delivery_.is_open(index) && rejects_on_trial(index, reason)) return;
    if (!delivery_.reject(index)) return;
    std::erase_if(verdicts_, [index](const Verdict& verdict) { return verdict.index == index; });
    verdicts_.push_back({index, delivery_.failures_of(index), std::string(reason)});
    if (!delivery_.gives_up()) {
      desk_.tell(Level::error, "the plugin rejects a record",
                 {{"record", window_.position(index).str()}, {"error", verdicts_.back().reason}});
      failed_at("REJECTED", verdicts_.back().reason);
    }
    return settle();
  }
}

void Lane::recorded(const Position& position) {
  if (position.none()) return;
  // Who reads the stream from further back once more, on purpose, is to get them again.
  if (std::erase_if(asides_, [&position](const JournalNote& note) { return !(position < note.last); }) != 0) {
    write_journal(false);
  }
  // The instance that asked may be gone, and the next one's plugin may be of another kind.
  delivery_.checkpointed(window_.count_up_to(position));
}

void Lane::end_recorded() {
  end_recorded_ = true;
  asides_.clear();
  delivery_.checkpointed(window_.size());
}

void Lane::write_journal(bool sync) {
  // Before initialize there is no shard to write of, and what an earlier process left is not read yet.
  if (desk_.shard_id.empty()) return;
  desk_.ask(action::WriteJournal{number_, sync});
}

void Lane::add_note(JournalNotes& to, const Delivery::Suspect& suspect, bool under_way) const {
  if (suspect.first >= suspect.last) return;
  JournalNote& note = to.add();
  note.first.set(window_.sequence_number(suspect.first), window_.entry(suspect.first).sub_sequence_number);
  note.last.set(window_.sequence_number(suspect.last - 1), window_.entry(suspect.last - 1).sub_sequence_number);
  note.failures = suspect.failures;
  note.interruptions = suspect.interruptions;
  note.searching = suspect.searching;
  note.under_way = under_way;
  note.lanes = lane_count();
}

// One that follows the last one directly is told with it: a journal does not have room for many.
void Lane::note_aside(std::uint32_t first, std::uint32_t last) {
  if (first > 0 && !asides_.empty() && asides_.back().last == window_.position(first - 1)) {
    asides_.back().last = window_.position(last - 1);
    return;
  }
  JournalNote note{window_.position(first), window_.position(last - 1)};
  note.aside = true;
  note.lanes = lane_count();
  asides_.push_back(std::move(note));
}

void Lane::journal(JournalNotes& to) const {
  // Where the plugin is in the host, what it does with what it holds may end the host as a delivery may: in a call, and
  // on a thread of its own between two.
  const bool at_work = instance_ && (instance_->in_call() || desk_.config.isolation == config::Isolation::none);
  const bool at_risk = delivery_.under_way() || (holds_records() && at_work);
  if (at_risk) add_note(to, delivery_.current(), true);
  known_.clear();
  delivery_.known(known_, at_risk);
  for (const Delivery::Suspect& suspect : known_) add_note(to, suspect, false);
  for (const auto* notes : {&left_over_, &asides_}) {
    for (const JournalNote& note : *notes) to.add() = note;
  }
}

}  // namespace kclhost::host
