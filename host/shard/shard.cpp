#include "shard/shard.hpp"

#include <algorithm>

namespace kclhost::host {

using Level = config::LogLevel;

namespace {

// How long after timeouts.shutdown an instance can hold the end up: to die of SIGABRT or SIGKILL takes less.
constexpr Time patience_with_end{5'000};

}  // namespace

Shard::Shard(const config::Config& config, BatchMemory& memory, std::uint32_t seed, Now now)
    : desk_(config, memory, seed),
      schedule_(config.checkpoint, now.steady),
      split_(static_cast<unsigned>(config.concurrency)),
      order_(static_cast<std::size_t>(config.concurrency)) {
  desk_.now = now;
  for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(config.concurrency); ++i) {
    lanes_.push_back(std::make_unique<Lane>(desk_, i, seed + i));
  }
}

// ---- The daemon

void Shard::begin(Now now) {
  desk_.now = now;
  desk_.begun = true;
  advance();
}

void Shard::initialize(std::string_view shard_id, std::string_view sequence_number, std::int64_t sub_sequence_number,
                       std::vector<std::vector<JournalNote>> journals, Now now) {
  if (!desk_.shard_id.empty()) return desk_.end(exit_usage, "the daemon sends initialize twice");
  desk_.shard_id = shard_id;
  desk_.position.set(sequence_number, sub_sequence_number);
  for (std::size_t i = 0; i < lanes_.size() && i < journals.size(); ++i) lanes_[i]->recall(std::move(journals[i]));
  take_on(Duty::initialize, now);
}

void Shard::process_records(const Batch& batch, Now now) {
  batch_ = batch;
  desk_.batch_ends_at(batch.count == 0 ? 64 : batch.table + batch.count * sizeof(RecordEntry));
  if (lanes_.size() == 1) {
    lanes_.front()->begin(batch);
  } else {
    split(batch);
  }
  one_at_a_time_ = lanes_.size() > 1 &&
                   std::any_of(lanes_.begin(), lanes_.end(), [](const auto& lane) { return lane->has_suspects(); });
  take_on(Duty::process_records, now);
}

// Each lane's records in a table of their own, behind the batch.
void Shard::split(const Batch& batch) {
  split_.split(batch);
  std::size_t table = desk_.free;
  if (!desk_.memory.reserve(table + batch.count * sizeof(RecordEntry))) {
    return desk_.end(exit_stopped, "no memory for the batch");
  }
  for (std::uint32_t i = 0; i < lanes_.size(); ++i) {
    auto* const entries = reinterpret_cast<RecordEntry*>(desk_.memory.base() + table);
    const std::vector<std::uint32_t>& indexes = split_.indexes(i);
    for (std::size_t k = 0; k < indexes.size(); ++k) entries[k] = batch.entry(indexes[k]);
    Batch share = batch;
    share.table = static_cast<std::uint32_t>(table);
    share.count = static_cast<std::uint32_t>(indexes.size());
    table += indexes.size() * sizeof(RecordEntry);
    lanes_[i]->begin(share);
  }
  for (const std::uint8_t lane : split_.lanes()) order_.add(lane);
  desk_.batch_ends_at(table);
}

void Shard::lease_lost(Now now) {
  desk_.lease_lost = true;
  drop_all();  // whoever has the lease now reads the rest
  duty_deadline_ = now.steady + desk_.config.timeouts.shutdown;
  take_on(Duty::lease_lost, now);
}

void Shard::drop_all() {
  for (const auto& lane : lanes_) {
    left_to_others_.add(lane->unfinished());
    lane->drop_all();
  }
  order_.clear();
}

void Shard::shard_ended(Now now) {
  duty_deadline_ = now.steady + desk_.config.timeouts.shutdown;
  take_on(Duty::shard_ended, now);
}

void Shard::shutdown_requested(Now now) {
  duty_deadline_ = now.steady + desk_.config.timeouts.shutdown;
  take_on(Duty::shutdown_requested, now);
}

void Shard::take_on(Duty duty, Now now) {
  desk_.now = now;
  if (desk_.shard_id.empty()) {
    return desk_.end(exit_usage, "the daemon's first message is not initialize");
  }
  duty_ = duty;
  desk_.may_checkpoint = duty == Duty::process_records || duty == Duty::shard_ended || duty == Duty::shutdown_requested;
  advance();
}

void Shard::daemon_gone(bool unanswered, Now now) {
  desk_.now = now;
  if (closing_ || desk_.ended) return;
  closing_ = true;
  close_by_ = now.steady + desk_.config.timeouts.shutdown;
  if (unanswered || duty_ != Duty::none) {
    closing_code_ = exit_broken_pipe;
    closing_message_ = duty_ == Duty::initialize
                           ? "the daemon went away while the shard waited for the plugin"
                           : "the daemon went away in the middle of a message; nothing of it is acknowledged";
  }
  if (exchange_.by == Exchange::For::worker) {
    answer_worker(exchange_.worker, exchange_.call, {KCLHOST_DEPENDENCY, "", "the daemon is gone"});
  }
  exchange_ = {};
  if (queued_) answer_worker(queued_->worker, queued_->call, {KCLHOST_DEPENDENCY, "", "the daemon is gone"});
  queued_.reset();
  advance();
}

// ---- The workers

Lane* Shard::lane_of(WorkerId worker) const {
  for (const auto& lane : lanes_) {
    if (lane->owns(worker)) return lane.get();
  }
  return nullptr;
}

void Shard::not_started(WorkerId worker, const std::string& why, bool may_pass, Now now) {
  desk_.now = now;
  if (Lane* lane = lane_of(worker)) lane->not_started(worker, why, may_pass);
  advance();
}

void Shard::loaded(WorkerId worker, const Descriptor& about, Now now) {
  desk_.now = now;
  if (Lane* lane = lane_of(worker)) lane->loaded(worker, about);
  advance();
}

void Shard::not_loaded(WorkerId worker, const std::string& why, Now now) {
  desk_.now = now;
  if (Lane* lane = lane_of(worker)) lane->not_loaded(worker, why);
  advance();
}

void Shard::outcome(WorkerId worker, CallNumber call, const Outcome& outcome, std::uint64_t resident_memory, Now now) {
  desk_.now = now;
  if (Lane* lane = lane_of(worker)) lane->outcome(worker, call, outcome, resident_memory);
  advance();
}

bool Shard::excuses(WorkerId worker) const {
  const Lane* const lane = lane_served_by(worker);
  return lane != nullptr && lane->failed_for_checkpoint();
}

Lane* Shard::lane_served_by(WorkerId worker) const {
  Lane* const lane = lane_of(worker);
  return lane != nullptr && lane->serving() != nullptr && lane->serving()->id() == worker ? lane : nullptr;
}

void Shard::acknowledged(WorkerId worker, RecordId first, std::uint64_t count, Now now) {
  desk_.now = now;
  Lane* const lane = lane_served_by(worker);
  if (lane == nullptr) return;
  lane->acknowledged(first, count);
  if (duty_ == Duty::none) {
    update_position();
    keep();
  }
  advance();
}

void Shard::rejected(WorkerId worker, RecordId record, std::string_view reason, Now now) {
  desk_.now = now;
  if (Lane* lane = lane_served_by(worker)) {
    lane->rejected(record, reason);
    if (!one_at_a_time_) lane->set_rejected_aside();
  }
  advance();
}

void Shard::wants_ticks(WorkerId worker, Time interval, Now now) {
  desk_.now = now;
  if (Lane* lane = lane_of(worker)) lane->wants_ticks(worker, interval);
  advance();
}

bool Shard::died_with_records(WorkerId worker, const Death& death) const {
  return std::any_of(lanes_.begin(), lanes_.end(),
                     [&](const auto& lane) { return lane->died_with_records(worker, death); });
}

void Shard::ended(WorkerId worker, const Death* death, Now now) {
  desk_.now = now;
  if (Lane* lane = lane_of(worker)) lane->ended(worker, death);
  std::erase_if(desk_.actions, [worker](const Action& one) {
    const auto* const gone = std::get_if<action::LetGo>(&one);
    return Desk::calls(one, worker) || (gone != nullptr && gone->worker == worker);
  });
  advance();
}

void Shard::set_aside_done(std::uint32_t lane, const std::string& error, Now now) {
  desk_.now = now;
  lanes_[lane]->set_aside_done(error);
  stopping_ |= !lanes_[lane]->stopped().empty();
  if (!one_at_a_time_) lanes_[lane]->set_rejected_aside();
  advance();
}

void Shard::looked(Now now) {
  desk_.now = now;
  desk_.looking = false;
  advance();
}

void Shard::run_release(std::uint32_t release, std::uint32_t before, Now now) {
  desk_.now = now;
  desk_.run(release, before);
  if (desk_.begun) advance();
}

// ---- Time

Time Shard::deadline() const {
  if (desk_.ended) return never;
  Time next = never;
  for (const auto& lane : lanes_) next = std::min(next, lane->deadline(!stopping_));
  if (closing_) return std::min(next, close_by_ + patience_with_end);
  if (exchange_.busy()) {
    next = std::min(next, exchange_.resend_at);
  } else if (duty_ == Duty::process_records) {
    if (schedule_.due_at() > desk_.now.steady) next = std::min(next, schedule_.due_at());
    for (const Time at : {relieve_at_, complain_at_}) {
      if (at > desk_.now.steady) next = std::min(next, at);
    }
  }
  if (duty_deadline_ > desk_.now.steady) next = std::min(next, duty_deadline_);
  return next;
}

void Shard::on_time(Now now) {
  desk_.now = now;
  for (const auto& lane : lanes_) lane->on_time();
  if (exchange_.busy() && exchange_.resend_at <= now.steady) send_now();
  advance();
}

// ---- What is to be done next

void Shard::advance() {
  if (desk_.ended) return;
  if (closing_) return close();
  update_position();  // where an instance that takes over begins
  for (const auto& lane : lanes_) lane->keep_up();
  if (desk_.ended) return;
  if (stopping_) return do_stop();
  send_queued();
  do_duty();
  if (desk_.ended || stopping_) return;
  for (const auto& lane : lanes_) lane->tick_if_due();
}

void Shard::do_duty() {
  switch (duty_) {
    case Duty::none:
      return;
    case Duty::initialize:
      return do_initialize();
    case Duty::process_records:
      return do_process_records();
    case Duty::lease_lost:
      return do_lease_lost();
    case Duty::shard_ended:
      return do_shard_ended();
    case Duty::shutdown_requested:
      return do_shutdown_requested();
  }
}

void Shard::finish_duty() {
  if (duty_ == Duty::process_records) {
    keep();
    one_at_a_time_ = false;
  }
  for (const auto& lane : lanes_) lane->forget_answer();
  duty_ = Duty::none;
  batch_ = {};
  duty_deadline_ = complain_at_ = never;
  desk_.may_checkpoint = asked_all_ = final_checkpoint_tried_ = relieving_ = false;
  all_ok_ = true;
  desk_.ask(action::SendStatus{});
}

void Shard::do_stop() {
  if (exchange_.busy()) return;
  // What is finished need not be read again by whoever goes on.
  if (desk_.may_checkpoint && !std::exchange(final_checkpoint_tried_, true) && host_checkpoint(true)) return;
  std::string why;
  for (const auto& lane : lanes_) {
    if (why.empty()) why = lane->stopped();
    lane->let_go();
  }
  desk_.end(exit_stopped, std::move(why));
}

void Shard::close() {
  bool closed = true;
  const std::string late = text_of(desk_.config.timeouts.shutdown) + " after the daemon went away";
  for (const auto& lane : lanes_) {
    lane->close(close_by_, late);
    closed &= lane->closed();
  }
  // With isolation none nothing ends a call that hangs; the daemon is gone, and nobody is to wait for it.
  if (!closed && desk_.now.steady >= close_by_ + patience_with_end) {
    for (const auto& lane : lanes_) lane->let_go();
    closed = true;
  }
  if (closed) desk_.end(closing_code_, closing_message_);
}

}  // namespace kclhost::host
