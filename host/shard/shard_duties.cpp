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
  bool done = false;
  for (std::uint32_t before = UINT32_MAX; !done && before != low_water();) {
    before = low_water();
    done = true;
    for (std::uint32_t i = 0; i < lanes_.size(); ++i) {
      done &= lanes_[i]->advance(!awaits_dead_worker() && (!one_at_a_time_ || has_first_unfinished(i)), one_at_a_time_);
    }
    if (desk_.ended) return;
  }
  update_position();
  bool at_once = false;
  for (const auto& lane : lanes_) {
    if (!lane->stopped().empty()) stopping_ = true;
    // A restart must not repeat what is finished in front of a record that waits, nor meet one again that was set
    // aside: what it did to the host would be forgotten by then.
    at_once |= lane->blocked() || lane->set_aside_some();
  }
  if (stopping_) return do_stop();
  host_checkpoint(at_once);
  if (!done || exchange_.busy() || !relieve_if_full()) return;
  if (!tick_empty_batch() || exchange_.busy()) return;
  finish_duty();
}

// An instance that holds more than it may is asked to flush; true when it holds no more, or has finished some.
bool Shard::relieve_if_full() {
  Lane& lane = *lanes_.front();
  if (!lane.delivery().holds()) return true;
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
    if (finished > finished_before_relief_ || schedule_.is_lease_lost()) return true;
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
                                ") allows, and checkpointed none when it was asked to flush (drain); have drain "
                                "checkpoint, or raise the setting");
    return false;
  }
  if (records <= limit.max_records && bytes <= limit.max_bytes) return true;
  // Whoever has the lease now finishes what is left.
  if (schedule_.is_lease_lost()) return true;
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
      lane->ask({.call = Call::process_records, .batch = batch_}, desk_.config.timeouts.process_records);
    }
    pending |= lane->answer() == Lane::Answer::pending;
  }
  asked_all_ = true;
  return !pending;
}

// A message that is not about records is owed an answer whatever becomes of the plugin: an instance that can take no
// call now is left out.
bool Shard::ask_all(Call call, bool& all_ok) {
  bool pending = false;
  for (const auto& lane : lanes_) {
    if (!asked_all_ && lane->ready()) lane->ask({.call = call}, desk_.config.timeouts.shutdown);
    pending |= lane->answer() == Lane::Answer::pending;
    all_ok &= lane->answer() == Lane::Answer::ok;
  }
  asked_all_ = true;
  return !pending;
}

void Shard::do_lease_lost() {
  bool all_ok = true;
  if (ask_all(Call::lease_lost, all_ok)) finish_duty();
}

void Shard::do_shutdown_requested() {
  bool all_ok = true;
  if (!ask_all(Call::shutdown_requested, all_ok) || exchange_.busy()) return;
  update_position();
  if (!std::exchange(final_checkpoint_tried_, true) && host_checkpoint(true)) return;
  finish_duty();
}

void Shard::do_shard_ended() {
  const bool late = desk_.now.steady >= duty_deadline_;
  bool over = true, failed = false;
  for (const auto& lane : lanes_) {
    if (lane->answer() == Lane::Answer::none && !late) {
      // What it still holds comes first.
      if (!lane->advance(!awaits_dead_worker(), false) || !lane->ready() || exchange_.busy()) {
        over = false;
        stopping_ |= !lane->stopped().empty();
        continue;
      }
      lane->ask({.call = Call::shard_ended}, desk_.config.timeouts.shutdown);
    }
    stopping_ |= !lane->stopped().empty();
    over &= lane->answer() != Lane::Answer::pending;
    failed |= lane->answer() != Lane::Answer::ok;
  }
  if (desk_.ended) return;
  if (stopping_) return do_stop();
  if (!over || exchange_.busy()) return;
  if (failed) {
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

std::uint32_t Shard::low_water() const {
  if (lanes_.size() == 1) return lanes_.front()->delivery().finished();
  for (std::size_t i = 0; i < lanes_.size(); ++i) finished_[i] = lanes_[i]->delivery().finished();
  return split_.low_water(finished_);
}

bool Shard::has_first_unfinished(std::uint32_t lane) const {
  const std::vector<std::uint32_t>& indexes = split_.indexes(lane);
  const std::uint32_t finished = lanes_[lane]->delivery().finished();
  return finished < indexes.size() && indexes[finished] == low_water();
}

// The position is the last record before the first unfinished one, in the shard's order.
void Shard::update_position() {
  const std::uint32_t done = low_water();
  if (done == 0) return;
  if (lanes_.size() == 1) {
    const Window& window = lanes_.front()->window();
    if (done > window.size()) return;
    desk_.position.set(window.sequence_number(done - 1), window.entry(done - 1).sub_sequence_number);
  } else {
    if (duty_ != Duty::process_records || batch_.count == 0) return;
    desk_.position.set(batch_.sequence_number(done - 1), batch_.entry(done - 1).sub_sequence_number);
  }
  schedule_.finished(desk_.position);
}

}  // namespace kclhost::host
