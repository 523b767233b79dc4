// What the shard asks for is done here, and each thing that it asks for is checked.
#include <algorithm>

#include "simulation/world.hpp"

namespace kclhost::host::simulation {

// Carries out what the last event led to, in order. The host may end between any two of them.
void World::perform() {
  synced_ = journaled_ = false;
  Actions actions;
  std::swap(actions, shard_->actions());
  // A record that is skipped is skipped once the journal says so, and nothing but the log line tells us.
  const bool skips = std::any_of(actions.begin(), actions.end(), [](const Action& one) {
    const auto* const line = std::get_if<action::Tell>(&one);
    return line != nullptr && line->text == "record skipped by on_error";
  });
  for (const Action& one : actions) {
    if (!host_alive_) return;
    if (!skips && trouble(setting_.trouble_rate * 0.02)) return host_ends(chance_(0.3));
    std::visit([this](const auto& it) { act(it); }, one);
  }
  if (!host_alive_) return;
  if (!shard_->actions().empty()) throw Violation{"the shard acts while nothing happens"};
  if (!promises_.all_asides_are_durable()) throw Violation{"records are set aside, and the disk does not know"};
}

Worker* World::find(WorkerId id) {
  for (Worker& worker : workers_) {
    if (worker.id == id) return &worker;
  }
  return nullptr;
}

void World::act(const action::StartWorker& one) {
  if (one.release == 0 || one.release > releases_.size()) throw Violation{"a worker is started on no release"};
  if (one.release != wanted_ && one.release != before_ && one.release != proven_) {
    throw Violation{"a worker is started on a release that nobody wants"};
  }
  if (before_ != 0 && proven_ == 0 && one.release == wanted_) {
    throw Violation{"a shard comes up with what is on trial"};
  }
  if (daemon_.told_of_lost_lease) throw Violation{"a worker is started for a shard that is another's"};
  if (find(one.worker) || std::find(former_.begin(), former_.end(), one.worker) != former_.end()) {
    throw Violation{"a worker's name is used twice"};
  }
  if (workers_.size() > 3 * static_cast<std::size_t>(setting_.config.concurrency) + 2) {
    throw Violation{"too many workers at once"};
  }
  Worker worker;
  worker.id = one.worker;
  worker.lane = one.lane;
  worker.release = one.release;
  worker.program = releases_[one.release - 1];
  worker.started_at = now_.steady;
  worker.refused = trouble(0.05);
  tell("worker", static_cast<std::uint32_t>(one.worker), "starts on release", one.release, "for lane", one.lane);
  workers_.push_back(std::move(worker));
}

void World::act(const action::CallWorker& one) {
  Worker* const worker = find(one.worker);
  if (worker == nullptr) throw Violation{"a call to a worker that is gone"};
  tell("worker", static_cast<std::uint32_t>(one.worker), "is called:", name_of(one.request.call));
  // It may be dying, and the shard does not know yet.
  const bool dying = worker->state == Worker::State::dying;
  if (worker->state != Worker::State::idle && !dying) throw Violation{"a call to a worker that is in one"};
  if (one.number <= worker->number) throw Violation{"a call's number is used twice"};
  worker->call = one.request.call;
  worker->number = one.number;
  worker->stop_requested = worker->examined = worker->begun = worker->flush_checkpointed = worker->wished = false;
  worker->refusal = KCLHOST_OK;
  worker->called_at = now_.steady;
  if (worker->call == Call::flush) worker->flushed_at = now_.steady;
  if (worker->call == Call::process_records) worker->flushed_at = never;
  worker->limit = never;
  worker->wishes_left = 2;
  worker->stored_in_call = worker->checkpointed_in_call = -1;
  worker->records.clear();
  worker->rejected.clear();
  check_call(*worker, one.request);
  if (dying) {
    if (worker->death) worker->death->call_begun = false;
  } else {
    worker->state = Worker::State::in_call;
  }
}

// The life of an instance: create, initialize, then calls, one end, destroy.
void World::check_call(Worker& worker, const Request& request) {
  if (worker.destroyed) throw Violation{"a call after destroy"};
  const bool before = request.call == Call::create       ? !worker.created
                      : request.call == Call::initialize ? worker.may_be_destroyed && !worker.initialized
                      : request.call == Call::destroy    ? worker.may_be_destroyed
                                                         : worker.initialized && !worker.finished;
  if (!before) throw Violation{"a call out of order: " + std::string(name_of(request.call))};
  switch (request.call) {
    case Call::create:
      worker.created = true;
      return;
    case Call::initialize: {
      worker.initialized = true;
      check_standby(worker);
      if ((request.beginning != Beginning::start) != greeted_) {
        throw Violation{"an instance is told wrongly whether it takes over"};
      }
      const std::uint32_t count = setting_.count_up_to(request.sequence_number, request.sub_sequence_number);
      tell("    behind", count, "records");
      worker.told_at_first = request.sequence_number;
      worker.told = request.sequence_number;
      return promises_.initialized(count, worker.program.checkpoints);
    }
    case Call::process_records:
      return check_delivery(worker, request);
    case Call::shard_ended:
    case Call::lease_lost:
      worker.finished = true;
      return;
    case Call::destroy:
      worker.destroyed = true;
      return;
    case Call::check_config:
      throw Violation{"a call that no shard makes"};
    case Call::tick:
      if (now_.steady < worker.tick_at) throw Violation{"a tick before its time"};
      return check_time(worker, request);
    case Call::flush:
      return check_time(worker, request);
    case Call::shutdown_requested:
      return;
  }
}

void World::check_delivery(Worker& worker, const Request& request) {
  if (daemon_.lease_is_lost && request.batch.count != 0) {
    throw Violation{"records are delivered that another worker reads: the lease is lost"};
  }
  worker.batch = request.batch;
  for (const Worker& other : workers_) {
    const bool works = other.state != Worker::State::idle && other.state != Worker::State::dying &&
                       other.call != Call::destroy && other.call != Call::create &&
                       other.state != Worker::State::starting;
    if (other.id != worker.id && other.lane == worker.lane && other.created && works) {
      throw Violation{"records are given to an instance while another one of the lane works"};
    }
  }
  if (request.first_id != worker.next_id) throw Violation{"the records of an instance are miscounted"};
  if (request.batch.count == 0) {
    check_time(worker, request);
    if (!worker.program.empty_batches) throw Violation{"an empty batch to a plugin that wants none"};
    if (daemon_.outstanding != Daemon::Message::process_records || daemon_.first != daemon_.delivered) {
      throw Violation{"a delivery of nothing"};
    }
    return;
  }
  ++deliveries_;
  flushed_ = false;
  for (std::uint32_t i = 0; i < request.batch.count; ++i) {
    const std::string number(request.batch.data(i));
    worker.records.push_back(static_cast<std::uint32_t>(std::strtoul(number.c_str(), nullptr, 10)));
    if (worker.records.back() >= setting_.size()) throw Violation{"a delivery of what is no record"};
  }
  tell("    records", worker.records.front(), "to", worker.records.back(), "attempt", request.attempt);
  check_bytes(worker);
  promises_.delivered(worker, now_.wall_ms);
  check_time(worker, request);
  worker.first_id = worker.next_id;
  for (const std::uint32_t i : worker.records) worker.ids[i] = worker.next_id++;
  for (const std::uint32_t i : worker.buffered) {
    if (worker.program.acknowledges && worker.ids[i] < request.oldest_id) {
      throw Violation{"record " + std::to_string(i) + " is not acknowledged, and its number is forgotten"};
    }
  }
  // A record that may have ended a host has nothing beside it and nothing unfinished in front of it.
  if (one_at_a_time_) promises_.first_in_line(daemon_.first, worker.records.front());
  // The next process must know of the delivery, and the next machine of one that was tried before.
  std::size_t lane = 0;
  while (lane < shard_->lanes().size()) {
    const Instance* const serving = shard_->lanes()[lane]->serving();
    if (serving != nullptr && serving->id() == worker.id) break;
    ++lane;
  }
  if (lane == shard_->lanes().size()) {
    if (shard_->ended()) return;  // it was let go of at once
    throw Violation{"a delivery by nobody"};
  }
  if (!journaled_ || journaled_lane_ != lane) throw Violation{"a delivery that no journal knows of"};
  if ((request.attempt > 1 || !lane_synced_[lane]) && !synced_) {
    throw Violation{"a delivery that was tried before, and the disk does not know of it"};
  }
  const Record& first = setting_.records[worker.records.front()];
  const Record& last = setting_.records[worker.records.back()];
  const auto all = notes_.all();
  const bool holds_later = worker.ids.upper_bound(worker.records.back()) != worker.ids.end();
  const bool known = std::any_of(all.begin(), all.end(), [&](const JournalNote& note) {
    // With what the instance holds in front of them, or behind a record that it had rejected.
    const Position end{last.sequence_number, last.sub_sequence_number};
    const bool ends_there = note.last == end || (end < note.last && holds_later);
    return note.under_way && !(Position{first.sequence_number, first.sub_sequence_number} < note.first) && ends_there;
  });
  if (!known) throw Violation{"a delivery that the journal does not say is under way"};
}

// What is on trial takes over from one that works when there is one to go back to, unless none can be had.
void World::check_standby(const Worker& worker) {
  if (before_ == 0 || worker.release != wanted_) return;
  const Instance* const serving = shard_->lanes()[worker.lane]->serving();
  const bool stands_by = std::any_of(workers_.begin(), workers_.end(), [&](const Worker& other) {
    return other.lane == worker.lane && other.release == before_ && other.may_be_destroyed && !other.initialized;
  });
  if (serving == nullptr || serving->id() == worker.id || stands_by) return;
  // Once that is flushed the switch waits for nothing, though it be for another one than it was flushed for.
  const Worker* const works = find(serving->id());
  const bool flushed = works != nullptr && works->flushed_at != never;
  if (flushed && worker.started_at >= works->flushed_at) return;
  const Time decided_at = flushed ? works->flushed_at : now_.steady;
  const Time pause = setting_.config.on_error.retry.max_backoff;
  if (decided_at - start_failed_at_[worker.lane] > pause) {
    throw Violation{"what is on trial takes over, and nobody stands by"};
  }
}

// One that was never initialized: another one of the kind may not be had for a while.
void World::did_not_come_up(const Worker& worker) {
  if (!worker.initialized) start_failed_at_[worker.lane] = now_.steady;
}

// What is on trial must not hold the shard up for long, and may take longer than what there was before.
void World::check_time(Worker& worker, const Request& request) {
  const Time most = setting_.config.timeouts.process_records, time(request.timeout_ms);
  const bool tried = before_ != 0 && worker.release == wanted_;
  const Pace pace = paces_[worker.call];
  if (!tried || pace.longest_record == 0) {
    if (time != most) throw Violation{"a call has another time than timeouts.process_records"};
    return;
  }
  const Time least = std::max(setting_.config.rollout.undo_on.call_longer_than, 10 * pace.longest_call);
  if (time < std::min(most, least)) throw Violation{"what is on trial has too little time"};
  const double records = std::max(1.0, static_cast<double>(worker.records.size()));
  const auto by_record = static_cast<std::int64_t>(10 * pace.longest_record * records);
  if (time > std::max(least, Time(by_record + 1)) + 10 * pace.longest_wait) {
    throw Violation{"what is on trial may hang for longer than it needs"};
  }
  if (time < most) worker.limit = time;
}

// Of a call that went well.
void World::keep_pace(const Worker& worker) {
  const bool with_nothing = worker.call == Call::process_records && worker.records.empty();
  if (on_trial(worker) || with_nothing) return;
  const Time time = std::max(now_.steady - worker.called_at, Time(1));
  Pace& pace = paces_[worker.call];
  Time& longest = worker.wished ? pace.longest_wait : pace.longest_call;
  longest = std::max(longest, time);
  const double records = std::max(1.0, static_cast<double>(worker.records.size()));
  pace.longest_record = std::max(pace.longest_record, static_cast<double>(time.count()) / records);
}

// The plugin sees what the daemon sent.
void World::check_bytes(const Worker& worker) const {
  for (std::size_t i = 0; i < worker.records.size(); ++i) {
    const Record& record = setting_.records[worker.records[i]];
    const RecordEntry& entry = worker.batch.entry(i);
    const bool same = worker.batch.data(i) == record.data && worker.batch.partition_key(i) == record.key &&
                      worker.batch.sequence_number(i) == record.sequence_number &&
                      entry.sub_sequence_number == record.sub_sequence_number && entry.arrival_ms == record.arrival_ms;
    if (!same) throw Violation{"the plugin reads what is not record " + std::to_string(worker.records[i])};
  }
}

void World::act(const action::AnswerCheckpoint& one) {
  Worker* const worker = find(one.worker);
  if (worker == nullptr) throw Violation{"a checkpoint's answer to a worker that is gone"};
  if (worker->state == Worker::State::dying || worker->state == Worker::State::hanging) return;
  if (worker->state != Worker::State::waiting || one.number != worker->number || !worker->wish) {
    throw Violation{"an answer to no question"};
  }
  const Worker::Wish wish = *worker->wish;
  worker->wish.reset();
  worker->state = Worker::State::in_call;
  tell("worker", static_cast<std::uint32_t>(one.worker), "is answered", one.answer.status, one.answer.name);
  // What the host itself calls an invalid state is a fault of the plugin's.
  const bool by_host = one.answer.status == KCLHOST_INVALID_STATE && !daemon_answers_;
  worker->refusal = by_host ? KCLHOST_ILLEGAL_ARGUMENT : one.answer.status;
  if (!one.answer.ok()) return;
  if (wish.forged) throw Violation{"a checkpoint beyond what was delivered is accepted"};
  if (!worker->program.checkpoints) throw Violation{"a checkpoint of a plugin that makes none is accepted"};
  if (worker->call == Call::create || worker->call == Call::initialize || worker->call == Call::lease_lost) {
    throw Violation{"a checkpoint is accepted where none is possible"};
  }
  if (worker->call == Call::flush) worker->flush_checkpointed = true;
  if (wish.last != UINT32_MAX) worker->checkpointed_in_call = wish.last;
  if (wish.last != UINT32_MAX) std::erase_if(worker->unflushed, [&](std::uint32_t i) { return i <= wish.last; });
}

void World::act(const action::RequestStop& one) {
  Worker* const worker = find(one.worker);
  if (worker == nullptr) return;
  worker->stop_requested = true;
  if (one.why == Stop::deadline && worker->state == Worker::State::waiting) {
    throw Violation{"time that a plugin waits for the daemon is held against it"};
  }
}

void World::act(const action::KillWorker& one) {
  Worker* const worker = find(one.worker);
  if (worker == nullptr) throw Violation{"a worker that is gone is killed"};
  tell("worker", static_cast<std::uint32_t>(one.worker), "is killed:", one.message);
  if (worker->state == Worker::State::dying) return;
  if (worker->limit != never && one.kind == Death::Kind::timeout && worker->state != Worker::State::idle) {
    const bool early = now_.steady - worker->called_at < worker->limit;
    if (early && !daemon_.gone) throw Violation{"what is on trial is ended before its time"};
    blemish(*worker);  // it was the world that was slow
  }
  const bool in_call = worker->state != Worker::State::idle;
  if (!in_call && one.kind == Death::Kind::timeout && worker->buffered.empty()) {
    throw Violation{"a worker is waited for that has said something of each record"};
  }
  worker->state = Worker::State::dying;
  worker->death = Death{one.kind, 0, one.message, {}, in_call};
}

void World::act(const action::LetGo& one) {
  Worker* const worker = find(one.worker);
  if (worker == nullptr) throw Violation{"a worker that is gone is let go"};
  tell("worker", static_cast<std::uint32_t>(one.worker), "is let go");
  former_.push_back(one.worker);
  workers_.erase(std::find_if(workers_.begin(), workers_.end(), [&](const Worker& w) { return w.id == one.worker; }));
}

void World::act(const action::SendStatus&) {
  using Message = Daemon::Message;
  if (daemon_.outstanding == Message::none) throw Violation{"a status that answers nothing"};
  if (daemon_.gone) throw Violation{"a status to a daemon that is gone"};
  if (daemon_.wish) throw Violation{"a status before the checkpoint's answer"};
  // What is finished may still be checkpointed; then the host ends.
  if (dead_letters_failed_) throw Violation{"the host goes on without its dead letters"};
  tell("status for", static_cast<int>(daemon_.outstanding));
  const Message message = std::exchange(daemon_.outstanding, Message::none);
  switch (message) {
    case Message::none:
      return;
    case Message::initialize:
      greeted_ = true;
      return;
    case Message::process_records: {
      for (const Worker& worker : workers_) {
        if (worker.state == Worker::State::in_call && worker.call == Call::process_records) {
          throw Violation{"a batch is acknowledged while it is processed"};
        }
      }
      // Whoever has the lease now reads the rest.
      if (!daemon_.lease_is_lost) check_kept();
      memory_.overwrite();
      return;
    }
    case Message::lease_lost:
    case Message::shard_ended:
      daemon_.over = true;
      break;
    case Message::shutdown_requested:
      daemon_.stops = true;
      break;
  }
  // What is owed to the daemon never waits for a plugin.
  const config::Timeouts& timeouts = setting_.config.timeouts;
  const Time patience = timeouts.shutdown * (message == Message::shard_ended ? 2 : 1) + Time(5'000);
  if (checkpoint_began_ != never) checkpoint_time_ += now_.steady - checkpoint_began_;
  if (now_.steady - asked_at_ - checkpoint_time_ > patience) throw Violation{"the daemon is answered too late"};
}

// The batch is about to be acknowledged.
void World::check_kept() const {
  const auto held = [this](std::uint32_t record) {
    return std::any_of(workers_.begin(), workers_.end(), [record](const Worker& worker) {
      return !worker.destroyed && worker.program.holds() && worker.has(record);
    });
  };
  const auto unacknowledged = [this](std::uint32_t record) {
    return std::any_of(workers_.begin(), workers_.end(), [record](const Worker& worker) {
      return !worker.destroyed && worker.program.acknowledges && worker.has(record);
    });
  };
  const std::uint64_t most = setting_.config.in_flight.max_records;
  if (promises_.kept(daemon_.delivered, unacknowledged) > most) {
    throw Violation{"more than in_flight.max_records are not acknowledged, and the daemon is to send more"};
  }
  promises_.acknowledged(daemon_.first, daemon_.delivered, held);
  if (promises_.kept(daemon_.delivered, held) > most && !flushed_) {
    throw Violation{"an instance holds more than in_flight.max_records, and was not asked to flush"};
  }
}

void World::act(const action::SendCheckpoint& one) {
  using Message = Daemon::Message;
  if (daemon_.gone) throw Violation{"a checkpoint to a daemon that is gone"};
  if (daemon_.wish) throw Violation{"two checkpoints at once"};
  const bool possible = daemon_.outstanding == Message::process_records ||
                        daemon_.outstanding == Message::shard_ended ||
                        daemon_.outstanding == Message::shutdown_requested;
  if (!possible) throw Violation{"a checkpoint when none is possible"};
  if (daemon_.lease_is_lost) throw Violation{"a checkpoint after the lease was lost"};
  Daemon::Wish wish;
  wish.count = daemon_.delivered;
  if (one.sequence_number) {
    wish.sequence_number = std::string(*one.sequence_number);
    wish.sub_sequence_number = one.sub_sequence_number;
    wish.count = setting_.count_up_to(*wish.sequence_number, wish.sub_sequence_number.value_or(0));
  }
  tell("checkpoint of", wish.count, "records", wish.sequence_number.value_or("null"));
  promises_.checkpointed(wish.count, daemon_.delivered);
  if (checkpoint_began_ == never) checkpoint_began_ = now_.steady;
  daemon_.wish = std::move(wish);
}

void World::act(const action::WriteJournal& one) {
  notes_.clear();
  shard_->journal(one.lane, notes_);
  disk_.write(one.lane, notes_.all(), one.sync);
  journaled_ = true;
  journaled_lane_ = one.lane;
  synced_ = one.sync;
  if (!one.sync) return;
  lane_synced_[one.lane] = true;
  promises_.journal_synced();
}

void World::act(const action::WriteDeadLetters& one) {
  if (setting_.config.on_error.then != config::Then::dead_letter) throw Violation{"dead letters that nobody wants"};
  if (one.letters.empty()) throw Violation{"no dead letters are written"};
  for (const action::WriteDeadLetters::Letter& letter : one.letters) {
    const auto i = static_cast<std::uint32_t>(std::strtoul(std::string(letter.data).c_str(), nullptr, 10));
    if (i >= setting_.size()) throw Violation{"a dead letter that is no record"};
    const Record& record = setting_.records[i];
    if (letter.data != record.data || letter.partition_key != record.key ||
        letter.sequence_number != record.sequence_number || letter.sub_sequence_number != record.sub_sequence_number ||
        letter.arrival_ms != record.arrival_ms) {
      throw Violation{"a dead letter is not what the daemon sent"};
    }
    const bool aged = one.error_code == "TOO_OLD";
    promises_.ordered_aside(i, aged, now_.wall_ms);
    if (!aged && (one.error_code.empty() || one.first_try_ms == 0)) throw Violation{"a dead letter without its error"};
  }
  asides_.push_back({one.lane, trouble(0.05)});
}

void World::act(const action::LookForRelease&) {
  ++looks_;
}

void World::act(const action::ReleaseTaken& one) {
  if (one.release == wanted_) taken_ = true;
  if (one.release == (before_ != 0 ? before_ : wanted_) || proven_ == 0) proven_ = one.release;
}

void World::act(const action::ReleaseRefused& one) {
  const Program& program = releases_[one.release - 1];
  const bool fits = program.loads && !(program.checkpoints && setting_.config.concurrency > 1);
  if (one.release != wanted_) throw Violation{"a release is refused that nobody wants"};
  if (fits && !blemished_[one.release - 1]) throw Violation{"a release is refused without a reason: " + one.why};
  tell("release", one.release, "is refused:", one.why);
  go_back();
}

void World::act(const action::ReleaseUndone& one) {
  if (one.release != wanted_ || before_ == 0) throw Violation{"a release is undone that is not on trial"};
  if (releases_[one.release - 1].spoils == 0 && !blemished_[one.release - 1]) {
    throw Violation{"a release is undone that did nothing wrong: " + one.why};
  }
  tell("release", one.release, "is undone:", one.why);
  go_back();
  if (chance_(0.3)) again_ = one.release;
}

// The shard runs what was good before.
void World::go_back() {
  wanted_ = before_ != 0 ? before_ : proven_;
  before_ = 0;
  taken_ = false;
}
void World::act(const action::NamePlugin&) {}
void World::act(const action::WriteCrashReport&) {}

std::uint32_t World::record_at(const std::string& place) const {
  const std::size_t slash = place.find('/');
  const std::int64_t sub = std::strtoll(place.c_str() + slash + 1, nullptr, 10);
  const std::uint32_t count = setting_.count_up_to(place.substr(0, slash), sub);
  if (count == 0) throw Violation{"a record that there is not: " + place};
  return count - 1;
}

void World::act(const action::Tell& one) {
  tell("    log:", one.text);
  const bool skipped = one.text == "record skipped by on_error";
  if (!skipped && one.text != "record put into the dead letters") return;
  std::uint32_t record = UINT32_MAX, attempts = 0;
  bool aged = false;
  for (const auto& [name, value] : one.fields) {
    if (std::string_view(name) == "record") record = record_at(value);
    if (std::string_view(name) == "attempts") attempts = static_cast<std::uint32_t>(std::stoul(value));
    if (std::string_view(name) == "error") aged = value.starts_with("older than");
  }
  tell("    record", record, "after", attempts, aged ? "too old" : "");
  if (skipped) promises_.ordered_aside(record, aged, now_.wall_ms);
  promises_.set_aside(record, attempts, aged);
}

void World::act(const action::End& one) {
  tell("the host ends with", one.exit_code, one.message);
  judge_end(one.exit_code, one.message);
  host_ends(false);
}

}  // namespace kclhost::host::simulation
