// The shard's checkpoints: its own, and those of plugins that checkpoint for themselves. One at a time is on its way.
#include <algorithm>

#include "shard/backoff.hpp"
#include "shard/shard.hpp"

namespace kclhost::host {
namespace {

using Level = config::LogLevel;

const CheckpointAnswer lease_is_lost{KCLHOST_SHUTDOWN, "ShutdownException",
                                     "the lease is lost: another worker owns the shard"};

}  // namespace

// Begins the host's own checkpoint of what is finished, if it is due or must be made at once: whether it did.
bool Shard::host_checkpoint(bool at_once) {
  if (exchange_.busy() || !schedule_.anything_new()) return false;
  if (!at_once && desk_.now.steady < schedule_.due_at()) return false;
  schedule_.tried(desk_.now.steady);
  send_checkpoint({.by = Exchange::For::host,
                   .position = schedule_.finished(),
                   .sub_sequence_number = schedule_.finished().sub_sequence_number});
  return true;
}

void Shard::send_checkpoint(Exchange exchange) {
  exchange_ = std::move(exchange);
  if (schedule_.is_lease_lost()) return exchange_over(lease_is_lost);
  send_now();
}

void Shard::send_now() {
  ++exchange_.attempt;
  exchange_.resend_at = never;
  std::optional<std::string_view> sequence_number;
  if (exchange_.position) sequence_number = exchange_.position->sequence_number;
  desk_.ask(action::SendCheckpoint{sequence_number, exchange_.sub_sequence_number});
}

void Shard::checkpoint_answered(const CheckpointAnswer& answer, Now now) {
  desk_.now = now;
  if (!exchange_.busy() || exchange_.resend_at != never) return;
  if (answer.status == KCLHOST_SHUTDOWN) schedule_.lease_lost();
  const config::Retry& retry = desk_.config.checkpoint.retry;
  if (retryable(answer.status) && exchange_.attempt < retry.max_attempts) {
    const Time pause = backoff(retry, exchange_.attempt, desk_.random);
    desk_.tell(Level::warn,
               "checkpoint failed with " + answer.name + ", attempt " + std::to_string(exchange_.attempt) + " of " +
                   std::to_string(retry.max_attempts) + "; trying again in " + std::to_string(pause.count()) + "ms",
               {{"position", exchange_.position ? exchange_.position->str() : std::string()}});
    exchange_.resend_at = now.steady + pause;
    return;
  }
  exchange_over(answer);
  send_queued();
  advance();
}

// What a worker asked for while another checkpoint was on its way, or no message was in hand.
void Shard::send_queued() {
  if (!queued_ || exchange_.busy() || duty_ == Duty::none) return;
  const Lane* const lane = lane_of(queued_->worker);
  const bool waits = lane != nullptr && queued_->position && has_rejected(*lane, *queued_->position);
  if (waits && !schedule_.is_lease_lost()) return;
  Exchange exchange = *std::exchange(queued_, std::nullopt);
  if (lane == nullptr) return;
  if (desk_.may_checkpoint) return send_checkpoint(std::move(exchange));
  exchange_ = std::move(exchange);
  exchange_over(lease_is_lost);
}

void Shard::exchange_over(const CheckpointAnswer& answer) {
  const Exchange was = std::exchange(exchange_, {});
  switch (was.by) {
    case Exchange::For::nobody:
      return;
    case Exchange::For::host:
      if (answer.ok()) return checkpointed(*was.position);
      schedule_.refused(desk_.now.steady + desk_.config.checkpoint.retry.max_backoff);
      desk_.tell(Level::warn,
                 "checkpoint at " + was.position->str() + " failed with " + answer.name + " (" + answer.message +
                     (schedule_.is_lease_lost() ? "); no more checkpoints are made"
                                                : "); it is tried again when the next one is due"),
                 {{"position", was.position->str()}});
      return;
    case Exchange::For::shard_end:
      shard_end_recorded_ = answer.ok();
      if (!answer.ok()) {
        desk_.tell(Level::warn,
                   "checkpoint of the shard's end failed with " + answer.name + " (" + answer.message + ")");
      }
      return;
    case Exchange::For::worker:
      if (answer.ok() && was.position) checkpointed(*was.position);
      relief_refused_ |= blameless_refusal(answer.status);
      if (Lane* const lane = lane_of(was.worker)) lane->checkpoint_answered(answer.status);
      if (answer.ok() && !was.position) {
        shard_end_recorded_ = true;
        for (const auto& lane : lanes_) lane->end_recorded();
      }
      return answer_worker(was.worker, was.call, answer);
  }
}

void Shard::checkpointed(const Position& position) {
  if (schedule_.recorded() < position) schedule_.recorded(position);
  for (const auto& lane : lanes_) lane->recorded(position);
  if (lanes_.size() == 1) update_position();
}

void Shard::answer_worker(WorkerId worker, CallNumber call, CheckpointAnswer answer) {
  Lane* const lane = lane_of(worker);
  if (lane == nullptr) return;
  lane->goes_on(worker);
  desk_.ask(action::AnswerCheckpoint{worker, call, std::move(answer)});
}

// What the daemon must be told when a plugin names no sub-sequence number: the last one of this record it was given.
std::optional<std::int64_t> Shard::last_sub_sequence_number(const Lane& lane, std::string_view sequence_number) const {
  for (std::uint32_t i = lane.delivery().given(); i-- > 0;) {
    if (lane.window().sequence_number(i) == sequence_number) return lane.window().entry(i).sub_sequence_number;
  }
  if (desk_.position.sequence_number == sequence_number) return desk_.position.sub_sequence_number;
  return std::nullopt;
}

// Whether a record up to there was rejected and is still to be set aside.
bool Shard::has_rejected(const Lane& lane, const Position& position) {
  return lane.delivery().has_rejected(lane.window().count_up_to(position));
}

// "Everything delivered" means different things to the daemon, which counts the whole batch, and to an instance that
// was given a part of it: except for a shard's end, which is nothing but null, the daemon is told the record's numbers.
void Shard::wants_checkpoint(WorkerId worker, CallNumber call, std::optional<std::string_view> sequence_number,
                             std::int64_t sub_sequence_number, Now now) {
  desk_.now = now;
  Lane* const lane = lane_of(worker);
  const Instance* const instance = lane ? lane->find(worker) : nullptr;
  if (instance == nullptr || !instance->in_call() || instance->number() != call) return;
  if (instance != lane->serving() || !instance->may_checkpoint() || !instance->about().checkpoints_itself()) {
    return answer_worker(worker, call,
                         {KCLHOST_INVALID_STATE, "InvalidStateException", "no checkpoint is possible now"});
  }
  const bool can_wait = duty_ == Duty::none && instance->in_call(Call::tick);
  if (closing_ || stopping_ || (!desk_.may_checkpoint && !can_wait)) {
    return answer_worker(worker, call, {KCLHOST_DEPENDENCY, "", closing_ ? "the daemon is gone" : "the host ends"});
  }
  if (schedule_.is_lease_lost()) {
    lane->checkpoint_answered(lease_is_lost.status);
    return answer_worker(worker, call, lease_is_lost);
  }
  Exchange exchange{.by = Exchange::For::worker, .worker = worker, .call = call};
  const std::uint32_t given = lane->delivery().given();
  const Position last = given > 0 ? lane->window().position(given - 1) : desk_.position;
  if (sequence_number) {
    exchange.position.emplace();
    exchange.sub_sequence_number = sub_sequence_number >= 0 ? std::optional(sub_sequence_number)
                                                            : last_sub_sequence_number(*lane, *sequence_number);
    exchange.position->set(*sequence_number, exchange.sub_sequence_number.value_or(0));
    // Beyond what this instance has there may be records that nobody has accepted.
    if (last < *exchange.position) {
      lane->checkpoint_answered(KCLHOST_ILLEGAL_ARGUMENT);
      return answer_worker(
          worker, call,
          {KCLHOST_ILLEGAL_ARGUMENT, "IllegalArgumentException", "the record was never delivered to this instance"});
    }
  } else if (!instance->in_call(Call::shard_ended)) {
    // Nothing was delivered yet, so there is nothing to record.
    if (given == 0 && schedule_.finished().none()) {
      lane->checkpoint_answered(KCLHOST_OK);
      return answer_worker(worker, call, {});
    }
    exchange.position = last;
    exchange.sub_sequence_number = last.sub_sequence_number;
  }
  const bool waits = exchange.position && has_rejected(*lane, *exchange.position);
  if (waits && !lane->delivery().gives_up()) {
    lane->checkpoint_answered(KCLHOST_ILLEGAL_ARGUMENT);
    return answer_worker(worker, call,
                         {KCLHOST_INVALID_STATE, "InvalidStateException",
                          "a record up to there was rejected, and on_error.then sets none aside"});
  }
  lane->waits(worker);
  if (exchange_.busy() || !desk_.may_checkpoint || waits) {
    queued_ = std::move(exchange);
  } else {
    send_checkpoint(std::move(exchange));
  }
}

}  // namespace kclhost::host
