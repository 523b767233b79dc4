// What the shard does about each of the daemon's messages.
#include <algorithm>

#include "shard/shard.hpp"

namespace kclhost::host {

using Level = config::LogLevel;

void Shard::do_initialize() {
  for (const auto& lane : lanes_) {
    if (!lane->ready()) return;
  }
  desk_.greeted = true;
  desk_.tell(Level::info, "initialized at " + desk_.position.str());
  finish_duty();
}

void Shard::do_process_records() {
  if (schedule_.is_lease_lost()) {
    if (leave_to_others()) finish_duty();  // the daemon says leaseLost when it has that
    return;
  }
  bool done = false;
  for (bool moved = true; !done && moved;) {
    done = true;
    moved = false;
    for (std::uint32_t i = 0; i < lanes_.size(); ++i) {
      moved |= update_position();
      done &= lanes_[i]->advance(is_in_line(i), one_at_a_time_);
    }
    if (desk_.ended) return;
    moved |= update_position();
  }
  bool at_once = false;
  for (const auto& lane : lanes_) {
    if (!lane->stopped().empty()) stopping_ = true;
    // A restart must not repeat what is finished in front of a record that waits, nor meet one again that was set
    // aside: what it did to the host would be forgotten by then.
    at_once |= lane->blocked() || lane->set_aside_some();
  }
  if (stopping_) return do_stop();
  // Once for each: what the lease table refuses is tried again when it is due.
  host_checkpoint(at_once && schedule_.is_untried());
  if (!done || exchange_.busy() || !has_room() || !relieve_if_full()) return;
  if (!tick_empty_batch() || exchange_.busy()) return;
  finish_duty();
}

// The KCL has said that the lease is lost: whoever has it now reads what is left. False while a call is about that.
bool Shard::leave_to_others() {
  for (const auto& lane : lanes_) {
    if (lane->busy_with_records()) return false;
  }
  const std::uint64_t before = left_to_others_.records;
  drop_all();
  if (const std::uint64_t left = left_to_others_.records - before; left != 0) {
    desk_.tell(Level::warn,
               "the lease is lost: " + std::to_string(left) + " records are left to the worker that has it now");
  }
  return true;
}

// Instances that acknowledge are given no more than in_flight allows: the daemon waits for its status until then.
bool Shard::has_room() {
  const config::InFlight& limit = desk_.config.in_flight;
  std::uint64_t records = 0, bytes = 0;
  for (const auto& lane : lanes_) {
    if (!lane->acknowledges()) continue;
    const std::uint32_t gone = passed(lane->number());
    records += lane->delivery().count() - gone;
    if (records != 0) bytes += lane->window().bytes_from(gone);
  }
  if (records <= limit.max_records && bytes <= limit.max_bytes) {
    complain_at_ = never;
    return true;
  }
  if (complain_at_ == never) {
    complain_at_ = desk_.now.steady + desk_.config.timeouts.process_records;
  } else if (complain_at_ <= desk_.now.steady) {
    complain_at_ = desk_.now.steady + desk_.config.timeouts.process_records;
    desk_.tell(Level::warn, "the shard waits for the plugin to acknowledge records: " + std::to_string(records) +
                                " are in flight, and in_flight allows no more");
  }
  return false;
}

// An instance that holds more than it may is asked to flush; true when it holds no more, or has finished some.
bool Shard::relieve_if_full() {
  Lane& lane = *lanes_.front();
  if (!lane.delivery().holds() || lane.acknowledges()) return true;
  const config::InFlight& limit = desk_.config.in_flight;
  const std::uint32_t finished = lane.delivery().finished();
  const std::uint32_t records = lane.delivery().count() - finished;
  const std::uint64_t bytes = lane.window().bytes_from(finished);
  if (relieving_) {
    if (lane.answer() == Lane::Answer::pending) return false;
    relieving_ = false;
    const bool died = lane.answer() == Lane::Answer::none;
    lane.forget_answer();
    if (died) return relieve_if_full();
    if (finished > finished_before_relief_) return true;
    if (relief_refused_) {
      // Not for want of trying: the plugin is asked again.
      relieve_at_ = desk_.now.steady + desk_.config.checkpoint.retry.max_backoff;
      return false;
    }
    for (const auto& one : lanes_) one->let_go();
    desk_.end(exit_stopped, "the plugin holds " + std::to_string(records) + " records of " + std::to_string(bytes) +
                                " bytes that it has not checkpointed, more than in_flight.max_records (" +
                                std::to_string(limit.max_records) + ") or in_flight.max_bytes (" +
                                std::to_string(limit.max_bytes) +
                                ") allows, and checkpointed none when it was asked to flush; have flush "
                                "checkpoint, or raise the setting");
    return false;
  }
  if (records <= limit.max_records && bytes <= limit.max_bytes) return true;
  if (!lane.ready() || desk_.now.steady < relieve_at_) return false;
  relieving_ = true;
  relief_refused_ = false;
  finished_before_relief_ = finished;
  lane.ask_to_flush();
  return false;
}

// A plugin that wants them gets the empty batch too. Nothing is lost when that fails: there was nothing in it.
bool Shard::tick_empty_batch() {
  if (batch_.count != 0) return true;
  bool pending = false;
  for (const auto& lane : lanes_) {
    if (!asked_all_ && lane->ready() && lane->about()->wants_empty_batches()) {
      lane->ask_with_none(batch_);
    }
    pending |= lane->answer() == Lane::Answer::pending;
  }
  asked_all_ = true;
  return !pending;
}

// A message that is not about records is owed an answer whatever becomes of the plugin: an instance that can take no
// call now is left out.
bool Shard::ask_all(const Request& request, bool& all_ok) {
  bool pending = false, busy = false;
  for (const auto& lane : lanes_) {
    if (!asked_all_ && lane->answer() == Lane::Answer::none) {
      lane->call_off();
      if (lane->ready()) lane->ask(request, std::max(duty_deadline_ - desk_.now.steady, Time(1)));
      busy |= lane->hurry_own_call(duty_deadline_);
    }
    pending |= lane->answer() == Lane::Answer::pending;
    all_ok &= lane->answer() == Lane::Answer::ok;
  }
  if (!busy) asked_all_ = true;
  return !pending && !busy;
}

void Shard::do_lease_lost() {
  bool all_ok = true;
  if (ask_all({.call = Call::lease_lost}, all_ok)) finish_duty();
}

void Shard::do_shutdown_requested() {
  bool all_ok = true;
  const Request request{.call = Call::shutdown_requested, .finish = Finish::shutdown};
  if (!ask_all(request, all_ok) || exchange_.busy()) return;
  update_position();
  for (const auto& lane : lanes_) {
    // What it finishes on threads of its own has as long as the daemon waits.
    const bool waits = lane->acknowledges() && lane->holds_open_records() && lane->serving() != nullptr;
    if (waits && desk_.now.steady < duty_deadline_) return;
  }
  if (!std::exchange(final_checkpoint_tried_, true) && host_checkpoint(true)) return;
  finish_duty();
}

void Shard::do_shard_ended() {
  if (schedule_.is_lease_lost()) leave_to_others();
  const bool late = desk_.now.steady >= duty_deadline_;
  bool over = true, failed = false;
  for (const auto& lane : lanes_) {
    lane->hurry_own_call(duty_deadline_);
    if (lane->answer() == Lane::Answer::none && !late) {
      // What it still holds comes first.
      if (!lane->advance(!awaits_dead_worker(), false) || !lane->ready() || exchange_.busy()) {
        over = false;
        stopping_ |= !lane->stopped().empty();
        continue;
      }
      lane->ask({.call = Call::shard_ended, .finish = Finish::shard_ended}, desk_.config.timeouts.shutdown);
    }
    stopping_ |= !lane->stopped().empty();
    over &= lane->answer() != Lane::Answer::pending;
    failed |= lane->answer() != Lane::Answer::ok;
    if (lane->answer() != Lane::Answer::ok || !lane->acknowledges() || lane->delivery().all_finished()) continue;
    failed |= late;
    if (late) continue;
    // What it has not acknowledged holds the end up; if it has died meanwhile another one gets that, and the end.
    over = false;
    lane->advance(!awaits_dead_worker(), false);
    if (lane->serving() == nullptr || !lane->serving()->finished()) lane->forget_answer();
  }
  if (desk_.ended) return;
  if (stopping_) return do_stop();
  if (!over || exchange_.busy()) return;
  if (failed && !shard_end_recorded_) {
    desk_.tell(Level::error,
               "the end of the shard is not checkpointed; the daemon raises an error and starts the shard again from "
               "its last checkpoint");
    return finish_duty();
  }
  if (!shard_end_recorded_ && !std::exchange(final_checkpoint_tried_, true)) {
    send_checkpoint({.by = Exchange::For::shard_end});
    if (exchange_.busy()) return;  // where the lease is lost the answer is there at once
  }
  finish_duty();
}

// ---- Where the shard stands

// What a dead worker's checkpoint comes to must be known before its records are delivered again, or set aside.
bool Shard::awaits_dead_worker() {
  return exchange_.by == Exchange::For::worker && lane_of(exchange_.worker) == nullptr;
}

// Whether the lane may be given a record. One at a time: nothing in front of it is unfinished, in any lane.
bool Shard::is_in_line(std::uint32_t lane) {
  if (awaits_dead_worker()) return false;
  if (!one_at_a_time_) return true;
  if (!has_first_unfinished(lane)) return false;
  if (!lanes_[lane]->awaits_word()) return true;
  lanes_[lane]->finish_held();
  return false;
}

bool Shard::has_first_unfinished(std::uint32_t lane) const {
  return lanes_.size() == 1 || order_.is_first(lane);
}

// The position is the last record before the first unfinished one, in the shard's order: whether it has moved.
bool Shard::update_position() {
  LaneOrder::Record last;
  if (lanes_.size() == 1) {
    const std::uint32_t done = lanes_.front()->delivery().finished();
    if (done == 0 || done > lanes_.front()->window().size()) return false;
    last.index = done - 1;
  } else {
    if (!order_.advance([this](std::uint32_t lane) { return lanes_[lane]->delivery().finished(); })) return false;
    last = order_.last_finished();
  }
  const Window& window = lanes_[last.lane]->window();
  const std::string_view sequence_number = window.sequence_number(last.index);
  const std::int64_t sub_sequence_number = window.entry(last.index).sub_sequence_number;
  if (desk_.position.sequence_number == sequence_number && desk_.position.sub_sequence_number == sub_sequence_number) {
    return false;
  }
  desk_.position.set(sequence_number, sub_sequence_number);
  schedule_.finished(desk_.position);
  return true;
}

// How many at the lane's front lie in front of the shard's first unfinished record.
std::uint32_t Shard::passed(std::uint32_t lane) const {
  return lanes_.size() == 1 ? lanes_.front()->delivery().finished() : order_.passed(lane);
}

// What lies in front of the position leaves the lanes; the rest stays.
void Shard::keep() {
  for (std::uint32_t i = 0; i < lanes_.size(); ++i) {
    const std::uint32_t finished = passed(i);
    lanes_[i]->keep(finished);
    if (lanes_.size() > 1) order_.dropped(i, finished);
  }
}

}  // namespace kclhost::host
