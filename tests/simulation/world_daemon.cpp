// What the daemon does.
#include <algorithm>

#include "simulation/world.hpp"

namespace kclhost::host::simulation {

using Message = Daemon::Message;

void World::daemon_goes_on() {
  if (daemon_.over) return daemon_goes(true);
  asked_at_ = now_.steady;
  checkpoint_time_ = Time(0);
  checkpoint_began_ = never;
  const bool breaks_rules = trouble(0.003);
  if (breaks_rules) protocol_broken_ = true;
  if (!daemon_.greeted != breaks_rules) {
    daemon_.greeted = true;
    daemon_.outstanding = Message::initialize;
    left_over_ = disk_.journals();
    tell("initialize at", daemon_.sequence_number, daemon_.sub_sequence_number);
    shard_->initialize("shardId-0", daemon_.sequence_number, daemon_.sub_sequence_number, disk_.journals(), now_);
    return perform();
  }
  if (daemon_.stops || (daemon_.lease_is_lost && chance_(0.5)) || trouble(0.02)) {
    if (chance_(0.3)) return daemon_goes(true);
    tell("leaseLost");
    daemon_.outstanding = Message::lease_lost;
    daemon_.lease_is_lost = daemon_.told_of_lost_lease = true;
    shard_->lease_lost(now_);
    return perform();
  }
  if (trouble(0.02)) {
    tell("shutdownRequested");
    daemon_.outstanding = Message::shutdown_requested;
    shard_->shutdown_requested(now_);
    return perform();
  }
  if (daemon_.delivered == setting_.size() && !chance_(0.2)) {
    tell("shardEnded");
    daemon_.outstanding = Message::shard_ended;
    shard_->shard_ended(now_);
    return perform();
  }
  send_batch();
}

void World::send_batch() {
  const std::uint32_t first = daemon_.delivered;
  std::uint32_t count = 0;
  if (!chance_(0.1)) count = std::min(chance_.between(1, setting_.most_in_batch), setting_.size() - first);
  // A record's parts come together.
  while (count > 0 && !setting_.records[first + count - 1].last_of_number) ++count;
  daemon_.first = first;
  daemon_.delivered = first + count;
  daemon_.outstanding = Message::process_records;
  tell("batch of records", first, "to before", first + count);
  one_at_a_time_ = false;
  const auto lanes = static_cast<unsigned>(left_over_.size());
  for (unsigned lane = 0; lanes > 1 && lane < lanes; ++lane) {
    for (const JournalNote& note : left_over_[lane]) {
      for (std::uint32_t i = first; i < first + count && !note.aside && note.holds_in(lanes); ++i) {
        const Record& record = setting_.records[i];
        one_at_a_time_ |= lane_of(record.key, lanes) == lane &&
                          note.first == Position{record.sequence_number, record.sub_sequence_number};
      }
    }
  }
  Batch batch;
  lay_out(first, count, batch);
  shard_->process_records(batch, now_);
  perform();
}

// Texts first, and the table behind them.
void World::lay_out(std::uint32_t first, std::uint32_t count, Batch& batch) {
  std::size_t at = 64;
  const std::size_t table = [&] {
    std::size_t end = at;
    for (std::uint32_t i = first; i < first + count; ++i) {
      const Record& one = setting_.records[i];
      end += one.data.size() + one.key.size() + one.sequence_number.size();
    }
    return (end + 7) / 8 * 8;
  }();
  if (!memory_.reserve(table + count * sizeof(RecordEntry))) throw Violation{"the simulation's memory is too small"};
  char* const base = memory_.base();
  auto* entries = reinterpret_cast<RecordEntry*>(base + table);
  const auto put = [&](const std::string& text, std::uint32_t& offset, std::uint32_t& size) {
    std::copy(text.begin(), text.end(), base + at);
    offset = static_cast<std::uint32_t>(at);
    size = static_cast<std::uint32_t>(text.size());
    at += text.size();
  };
  for (std::uint32_t i = 0; i < count; ++i) {
    const Record& one = setting_.records[first + i];
    put(one.data, entries[i].data, entries[i].data_size);
    put(one.key, entries[i].partition_key, entries[i].partition_key_size);
    put(one.sequence_number, entries[i].sequence_number, entries[i].sequence_number_size);
    entries[i].sub_sequence_number = one.sub_sequence_number;
    entries[i].arrival_ms = one.arrival_ms;
  }
  batch = {base, static_cast<std::uint32_t>(table), count, 0};
}

void World::answer_checkpoint() {
  for (Worker& worker : workers_) {
    // So that its answer finds it gone.
    if (worker.state == Worker::State::waiting && chance_(0.05)) return die_between(worker);
  }
  const Daemon::Wish wish = *std::exchange(daemon_.wish, std::nullopt);
  CheckpointAnswer answer;
  if (wish.sequence_number && (wish.count > daemon_.delivered || wish.count < daemon_.recorded)) {
    answer = {KCLHOST_ILLEGAL_ARGUMENT, "IllegalArgumentException", "out of range"};
  } else if (trouble(0.08)) {
    switch (chance_.below(6)) {
      case 0:
        answer = {KCLHOST_THROTTLING, "ThrottlingException", "slow down"};
        break;
      case 1:
        answer = {KCLHOST_DEPENDENCY, "KinesisClientLibDependencyException", "no table"};
        break;
      case 2:  // it was written, and nobody knows
        daemon_.record(wish);
        answer = {KCLHOST_DEPENDENCY, "KinesisClientLibDependencyException", "no answer from the table"};
        break;
      case 3:
        answer = {KCLHOST_SHUTDOWN, "ShutdownException", "not yours"};
        daemon_.lease_is_lost = true;
        break;
      case 4:
        answer = {KCLHOST_INVALID_STATE, "InvalidStateException", "not now"};
        break;
      default:
        answer = {KCLHOST_OTHER_EXCEPTION, "NullPointerException", ""};
    }
  } else {
    daemon_.record(wish);
    promises_.recorded(wish.count);
  }
  now_.steady += Time(chance_.below(3));
  tell("checkpoint is answered", answer.name, "recorded", daemon_.recorded);
  const bool again = answer.status == KCLHOST_THROTTLING || answer.status == KCLHOST_DEPENDENCY;
  if (!again) checkpoint_time_ += now_.steady - checkpoint_began_;
  if (!again) checkpoint_began_ = never;
  daemon_answers_ = true;
  shard_->checkpoint_answered(answer, now_);
  perform();
  daemon_answers_ = false;
  check_that_it_stops();
}

// Without its dead letters, as soon as no checkpoint is on its way.
void World::check_that_it_stops() {
  if (dead_letters_failed_ && host_alive_ && !daemon_.gone && checkpoint_began_ == never) {
    throw Violation{"the host goes on without its dead letters"};
  }
}

void World::daemon_goes(bool in_order) {
  if (daemon_.gone) return;
  tell(in_order ? "the daemon closes" : "the daemon is gone");
  daemon_.gone = true;
  daemon_.answered_all_when_gone = daemon_.outstanding == Message::none;
  if (daemon_.wish && chance_(0.5)) daemon_.record(*daemon_.wish);
  daemon_.wish.reset();
  gone_at_ = now_.steady;
  shard_->daemon_gone(false, now_);
  perform();
}

}  // namespace kclhost::host::simulation
