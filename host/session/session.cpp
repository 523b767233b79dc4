#include "session/session.hpp"

#include <algorithm>

#include "session/stop.hpp"
#include "support/exit_code.hpp"
#include "support/process_memory.hpp"

namespace kclhost::host::session {

using processor::Call;
using processor::Outcome;
using protocol::Action;

Session::Session(const config::Config& config, observe::Log& log, int in, int out)
    : config_(config),
      log_(log),
      daemon_(in, out, loop_, batch_buffer_),
      source_(config, loop_, batch_buffer_, *this),
      checkpoints_(config.checkpoint, *this) {
  for (int i = 0; i < config.concurrency; ++i) {
    lanes_.push_back(std::make_unique<Lane>(config, log, loop_, daemon_, source_));
  }
}

Session::~Session() = default;

void Session::run() {
  for (const auto& lane : lanes_) lane->load();
  const processor::Descriptor& about = lanes_.front()->descriptor();
  log_.set_plugin(about.id, about.version);
  if (about.checkpoints_itself() && lanes_.size() > 1) {
    throw Stop(exit_usage, "concurrency is " + std::to_string(lanes_.size()) + " but plugin " + about.id +
                               " checkpoints for itself, which one worker alone can do: set concurrency: 1");
  }
  while (const std::optional<protocol::Message> message = daemon_.next()) {
    handle(*message);
    daemon_.acknowledge(message->action_text);
    if (message->action == Action::initialize) unmap_program();
  }
  farewell();
}

void Session::handle(const protocol::Message& message) {
  if (message.action != Action::initialize && !shard_.greeted) {
    throw Stop(exit_usage, "the daemon's first message is " + std::string(message.action_text) + ", not initialize");
  }
  switch (message.action) {
    case Action::initialize:
      return initialize(message);
    case Action::process_records:
      return process_records(message);
    case Action::lease_lost:
      return lease_lost();
    case Action::shard_ended:
      return shard_ended();
    case Action::shutdown_requested:
      return shutdown_requested();
    case Action::shutdown:
      return message.reason == "TERMINATE" ? shard_ended() : lease_lost();
    case Action::checkpoint:
      throw Stop(exit_usage, "the daemon answers a checkpoint that was not sent");
  }
}

void Session::initialize(const protocol::Message& message) {
  if (shard_.greeted) throw Stop(exit_usage, "the daemon sends initialize twice");
  shard_.shard_id = message.shard_id;
  log_.set_shard(shard_.shard_id);
  shard_.position.set(message.sequence_number.value_or(""), message.sub_sequence_number);
  batch_run_ = std::make_unique<BatchRun>(config_, log_, loop_, daemon_, batch_buffer_, lanes_, checkpoints_, shard_);
  bring_up();
  shard_.greeted = true;
  log_.info("initialized at " + shard_.position.str());
}

void Session::process_records(const protocol::Message& message) {
  const Batch& batch = message.batch;
  if (batch.count != 0) {
    batch_run_->deliver(batch);
  } else if (lanes_.front()->descriptor().wants_empty_batches()) {
    bring_up();
    for (const auto& lane : lanes_) {
      // Nothing is lost when it fails: there was nothing in it.
      const Outcome& outcome =
          lane->call({.call = Call::process_records, .batch = batch}, config_.timeouts.process_records);
      if (!outcome.ok()) lane->report(outcome, nullptr);
      shard_.go_on_with_stop();
    }
  }
  if (host_checkpoints()) checkpoints_.record_if_due();
}

void Session::lease_lost() {
  shard_.accepted = shard_.recorded;  // whoever has the lease now reads the rest
  call_all(Call::lease_lost);
}

void Session::shard_ended() {
  ending_ = true;
  if (!call_all(Call::shard_ended)) {
    log_.error(
        "the end of the shard is not checkpointed; the daemon raises an error and starts the shard again from its "
        "last checkpoint");
    return;
  }
  if (!shard_.shard_end_recorded) checkpoints_.record_all();
}

void Session::shutdown_requested() {
  call_all(Call::shutdown_requested);
  if (host_checkpoints()) checkpoints_.record_now();
}

void Session::farewell() {
  for (const auto& lane : lanes_) lane->retire();
}

void Session::bring_up() {
  for (const auto& lane : lanes_) bring_up(*lane);
}

void Session::bring_up(Lane& lane) {
  if (!lane.alive() && shard_.holds_records()) {
    throw Stop(exit_stopped, "the worker died while the plugin held records up to " + shard_.accepted.str() +
                                 " that it had not checkpointed; the daemon must read them again");
  }
  lane.bring_up({shard_.shard_id, shard_.position, shard_.greeted});
}

bool Session::call_all(Call call) {
  bring_up();
  bool all_ok = true;
  for (const auto& lane : lanes_) {
    do {
      bring_up(*lane);
      lane->call({.call = call}, config_.timeouts.shutdown);
    } while (lane->must_repeat());
    const Outcome& outcome = lane->outcome();
    if (!outcome.ok()) lane->report(outcome, nullptr);
    all_ok &= outcome.ok();
    shard_.go_on_with_stop();
  }
  return all_ok;
}

std::optional<std::int64_t> Session::last_sub_sequence_number(std::string_view sequence_number) const {
  if (const Batch* batch = batch_run_->in_hand()) {
    for (std::size_t i = batch->count; i-- > 0;) {
      if (batch->sequence_number(i) == sequence_number) return batch->entry(i).sub_sequence_number;
    }
  }
  if (shard_.delivered.sequence_number == sequence_number) return shard_.delivered.sub_sequence_number;
  return std::nullopt;
}

// "Everything delivered" means different things to the daemon, which counts the whole batch, and to an instance that
// was given a part of it: except for a shard's end, which is nothing but null, the daemon is told the record's numbers.
processor::CheckpointAnswer Session::checkpoint(std::optional<std::string_view> sequence_number,
                                                std::int64_t sub_sequence_number) try {
  const bool everything = !sequence_number;
  std::optional<std::int64_t> sub;
  if (sequence_number) {
    sub = sub_sequence_number >= 0 ? sub_sequence_number : last_sub_sequence_number(*sequence_number);
  } else if (!ending_ && !shard_.delivered.none()) {
    sequence_number = shard_.delivered.sequence_number;
    sub = shard_.delivered.sub_sequence_number;
  }
  const processor::CheckpointAnswer answer = checkpoints_.send(sequence_number, sub);
  if (answer.status == KCLHOST_OK) {
    if (sequence_number) shard_.recorded.set(*sequence_number, sub.value_or(0));
    if (everything && ending_) shard_.shard_end_recorded = true;
  }
  return answer;
} catch (const Stop&) {
  // It must not cross the plugin's frames; whoever waits for the call goes on with it.
  shard_.stop = std::current_exception();
  return {KCLHOST_DEPENDENCY, "", "the daemon is gone"};
}

void Session::log(std::int32_t level, std::string_view source, std::string_view text) {
  const auto clamped = std::clamp<std::int32_t>(level, KCLHOST_LOG_TRACE, KCLHOST_LOG_ERROR);
  log_.write(static_cast<observe::Level>(clamped), source, text);
}

bool Session::log_enabled(std::int32_t level) {
  return level >= static_cast<std::int32_t>(log_.level());
}

void Session::metric(std::int32_t, std::string_view, double) {}

processor::CheckpointAnswer Session::exchange(std::optional<std::string_view> sequence_number,
                                              std::optional<std::int64_t> sub_sequence_number) {
  return daemon_.checkpoint(sequence_number, sub_sequence_number);
}

bool Session::pause(config::Milliseconds duration) {
  return !loop_.run_until([this] { return daemon_.ended(); }, Clock::now() + duration);
}

void Session::warn(std::string_view text) {
  log_.warn(text);
}

}  // namespace kclhost::host::session
