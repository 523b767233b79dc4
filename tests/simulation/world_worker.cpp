// What a worker does next: its plugin works, fails, dies, hangs, stores and checkpoints.
#include <algorithm>

#include "simulation/world.hpp"

namespace kclhost::host::simulation {

using State = Worker::State;

// The records whose failure it is when this worker dies.
Hands World::in_hands(const Worker& worker, bool with_call) const {
  Hands hands{worker.unflushed, {}, {}};
  if (worker.program.holds()) hands.part = worker.part;
  const bool in_call = worker.state != State::idle && worker.state != State::starting;
  if (with_call && in_call && worker.call == Call::process_records) {
    for (const std::uint32_t one : worker.records) {
      if (!worker.has(one)) hands.call.push_back(one);
    }
  }
  // Without bisect all that it was given since its last checkpoint is one range.
  if (!setting_.config.on_error.bisect && worker.program.holds()) hands.held = worker.given;
  if (hands.call.empty() && worker.program.holds() && promises_.suspects(hands).empty()) hands.held = worker.given;
  return hands;
}

void World::worker_goes_on(std::size_t index) {
  Worker& worker = workers_[index];
  switch (worker.state) {
    case State::starting:
      return starts(worker, index);
    case State::idle:  // a record that it was given kills it
      blemish(worker);
      promises_.died_of_a_record();
      return dies(worker, true);
    case State::in_call:
      return goes_on_in_call(worker);
    case State::waiting:
      return;
    case State::hanging:  // it was asked to stop, and does
      return worker.call == Call::destroy ? dies(worker, true) : over(worker, KCLHOST_FAILED);
    case State::dying:
      return ended(index);
  }
}

void World::starts(Worker& worker, std::size_t index) {
  const WorkerId id = worker.id;
  if (worker.refused) {
    const bool may_pass = chance_(0.8);
    if (!may_pass) blemish(worker);
    did_not_come_up(worker);
    former_.push_back(id);
    workers_.erase(workers_.begin() + static_cast<std::ptrdiff_t>(index));
    tell("worker", static_cast<std::uint32_t>(id), "can't be started");
    ++failed_starts_;
    shard_->not_started(id, "no process to be had", may_pass, now_);
    return perform();
  }
  if (trouble(0.03)) {
    blemish(worker);
    ++failed_starts_;
    unloadable_ = unloadable_ || !greeted_;
    if (chance_(0.5)) {
      worker.state = State::hanging;
      return;
    }
    return dies(worker, true);
  }
  if (!worker.program.loads || trouble(0.02)) {
    blemish(worker);
    did_not_come_up(worker);
    tell("worker", static_cast<std::uint32_t>(id), "can't load its file");
    worker.state = State::dying;
    worker.death.reset();
    unloadable_ = unloadable_ || !greeted_;
    ++failed_starts_;
    shard_->not_loaded(id, "undefined symbol", now_);
    return perform();
  }
  worker.state = State::idle;
  Descriptor about;
  about.id = "com.example.simulated";
  about.version = "1";
  if (worker.program.checkpoints) about.flags |= KCLHOST_PLUGIN_CHECKPOINTS;
  if (worker.program.acknowledges) {
    about.flags |= KCLHOST_PLUGIN_ACKNOWLEDGES;
    about.most_open = static_cast<std::uint32_t>(2 * setting_.config.in_flight.max_records);  // as workers have it
  }
  if (worker.program.empty_batches) about.flags |= KCLHOST_PLUGIN_EMPTY_BATCHES;
  tell("worker", static_cast<std::uint32_t>(id), "is loaded");
  shard_->loaded(id, about, now_);
  perform();
}

void World::goes_on_in_call(Worker& worker) {
  if (call_goes_wrong(worker)) return;
  worker.begun = true;
  if (worker.armed && chance_(0.3)) {
    blemish(worker);  // of the release before the record might have killed nobody
    promises_.died_of_a_record();
    return dies(worker, true);
  }
  const Program& program = worker.program;
  switch (worker.call) {
    case Call::create:
    case Call::initialize:
      if (worker.wishes_left-- > 1 && chance_(0.03)) return ask(worker, {true, false, UINT32_MAX});
      break;
    case Call::process_records:
      check_bytes(worker);
      if (hands_refusal_on(worker)) return;
      if (!std::exchange(worker.examined, true) && (program_does_harm(worker) || records_do_harm(worker))) return;
      if (worker.wishes_left-- > 0 && chance_(program.holds() ? program.checkpoint_rate : 0.02)) {
        if (program.acknowledges && chance_(0.9)) return acknowledge(worker);
        if (wish(worker)) return;
      }
      break;
    case Call::tick:
      if (program.acknowledges && chance_(0.5)) return acknowledge(worker);
      if (program.checkpoints && !worker.given.empty() && worker.wishes_left-- > 1 && chance_(0.5)) {
        if (!store(worker, UINT32_MAX)) return;
        return ask(worker, {true, false, worker.given.back()});
      }
      break;
    case Call::lease_lost:
      if (worker.wishes_left-- > 1 && chance_(0.1)) return ask(worker, {true, false, UINT32_MAX});
      break;
    case Call::flush:
      if (program.acknowledges && !worker.buffered.empty() && chance_(0.7)) return acknowledge(worker);
      if (program.flush == Program::Flush::nothing || program.acknowledges) break;
      if (!store(worker, UINT32_MAX)) return;
      if (hands_refusal_on(worker)) return;
      if (program.checkpoints && program.flush == Program::Flush::checkpoints && !worker.flush_checkpointed &&
          worker.wishes_left-- > 0) {
        return ask(worker, {true, false, worker.given.empty() ? UINT32_MAX : worker.given.back()});
      }
      break;
    case Call::shutdown_requested:
    case Call::shard_ended:
      if (program.acknowledges && !worker.buffered.empty() && chance_(0.7)) return acknowledge(worker);
      if (program.acknowledges) break;
      if (!store(worker, UINT32_MAX)) return;
      if (program.checkpoints && (worker.call != Call::shard_ended || program.checkpoints_the_end) &&
          worker.wishes_left-- > 1) {
        return ask(worker, {true, false, worker.given.empty() ? UINT32_MAX : worker.given.back()});
      }
      break;
    case Call::check_config:
      break;
    case Call::destroy:
      return dies(worker, true);
  }
  over(worker, KCLHOST_OK);
}

// The call fails because its checkpoint was refused: whether it does.
bool World::hands_refusal_on(Worker& worker) {
  if (worker.refusal == KCLHOST_OK || !chance_(0.3)) return false;
  const bool with_records = worker.call == Call::process_records;
  if (!worker.blameless()) {
    const Hands hands = with_records ? Hands{{}, worker.records, {}} : in_hands(worker, true);
    if (!promises_.may_fail(hands)) return false;
    blemish(worker);
  }
  over(worker, KCLHOST_FAILED);
  return true;
}

// A fault for no record's fault: whether there was one.
bool World::call_goes_wrong(Worker& worker) {
  if (trouble_left_ == 0 || !chance_(setting_.trouble_rate)) return false;
  const std::size_t kind = chance_.below(4);
  const bool death = kind != 0;
  const bool unseen = kind == 3 && !worker.begun;
  const bool call_alone = !death && worker.call == Call::process_records;
  const Hands hands = call_alone ? Hands{{}, worker.records, {}} : in_hands(worker, !unseen);
  if (!daemon_.gone && !promises_.may_fail(hands)) return false;
  // What hangs may fail in the end, or be killed.
  if (kind == 1 && !worker.records.empty() && !promises_.may_fail(Hands{{}, worker.records, {}})) return false;
  --trouble_left_;
  blemish(worker);
  if (worker.call == Call::create || worker.call == Call::initialize) ++failed_starts_;
  if (kind == 1) {
    tell("worker", static_cast<std::uint32_t>(worker.id), "hangs in", name_of(worker.call));
    worker.state = State::hanging;
    return true;
  }
  if (death) {
    dies(worker, !unseen);
  } else if (worker.call == Call::destroy) {
    dies(worker, true);
  } else if (worker.call == Call::process_records && !worker.records.empty() && !worker.examined) {
    // Some of it may be done all the same.
    std::size_t done = chance_(0.5) ? chance_.below(worker.records.size()) : 0;
    if (!promises_.may_fail(std::span<const std::uint32_t>(worker.records).subspan(done))) done = 0;
    for (std::size_t i = 0; i < done; ++i) {
      if (setting_.records[worker.records[i]].fault != Fault::none) {
        over(worker, KCLHOST_FAILED, i);
        return true;
      }
    }
    // It may say that more is done than it was given.
    const bool lies = done + 1 == worker.records.size() && chance_(0.5);
    over(worker, KCLHOST_FAILED, lies ? done + 1 + chance_.below(3) : done);
  } else {
    over(worker, KCLHOST_FAILED);
  }
  return true;
}

// A fault of the release's own: whether it showed.
bool World::program_does_harm(Worker& worker) {
  const Program& program = worker.program;
  if (program.spoils == 0) return false;
  for (const std::uint32_t i : worker.records) {
    if (i % program.spoils != program.rest || promises_.is_taken(i)) continue;
    tell("    the release fails at record", i);
    const WorkerId id = worker.id;
    switch (program.spoiling) {
      case Program::Spoiling::fails:
        over(worker, KCLHOST_FAILED, 0);
        return true;
      case Program::Spoiling::crashes:
        dies(worker, true);
        return true;
      case Program::Spoiling::rejects:
        reject(worker, i);
        if (!host_alive_ || find(id) != &worker || worker.state != State::in_call) return true;
    }
  }
  return false;
}

bool World::harmful(const Worker& worker, std::uint32_t record, Fault fault) const {
  const Record& one = setting_.records[record];
  // Nobody could tell what a plugin dies of that has said that it is done.
  const bool later =
      fault == Fault::crashes_in_flush || fault == Fault::crashes_later || fault == Fault::is_rejected_later;
  return one.fault == fault && one.left != 0 && !worker.program.cured && (!later || worker.program.holds());
}

void World::harmed(const Worker& worker, std::uint32_t record) {
  Record& one = setting_.records[record];
  if (before_ != 0) {
    // The release before may come through.
    const Program& before = releases_[before_ - 1];
    const bool another_kind =
        before.checkpoints != worker.program.checkpoints || before.acknowledges != worker.program.acknowledges;
    if (one.left >= 0 || before.cured || another_kind) blemish(worker);
  }
  if (one.left > 0) --one.left;
}

// The first record of the call that does harm decides.
bool World::records_do_harm(Worker& worker) {
  for (std::size_t k = 0; k < worker.records.size(); ++k) {
    const std::uint32_t i = worker.records[k];
    const Fault fault = setting_.records[i].fault;
    if (fault == Fault::none || !harmful(worker, i, fault)) continue;
    if (fault == Fault::crashes_in_flush || fault == Fault::crashes_later || fault == Fault::is_rejected_later)
      continue;
    if (worker.has_rejected(i) || promises_.is_taken(i)) continue;
    tell("    record", i, "does harm");
    harmed(worker, i);
    switch (fault) {
      case Fault::is_rejected: {
        const WorkerId id = worker.id;
        reject(worker, i);
        if (!host_alive_ || find(id) != &worker || worker.state != State::in_call) return true;
        continue;
      }
      case Fault::names_culprit:
        over(worker, KCLHOST_FAILED, chance_(0.5) ? 0 : k, {.culprit = k, .permanent = chance_(0.2)});
        return true;
      case Fault::is_permanent:
        over(worker, KCLHOST_FAILED, 0, {.permanent = true});
        return true;

      case Fault::fails:
        over(worker, KCLHOST_FAILED);
        return true;
      case Fault::names_itself:
        over(worker, KCLHOST_FAILED, k);
        return true;
      case Fault::crashes:
        promises_.died_of_a_record();
        dies(worker, true);
        return true;
      case Fault::hangs:
        promises_.died_of_a_record();
        worker.state = State::hanging;
        return true;
      default:
        host_ends(chance_(0.3));
        return true;
    }
  }
  return false;
}

// The plugin writes what it has buffered, up to this record, to where its output goes. False: it died of that.
bool World::store(Worker& worker, std::uint32_t last) {
  while (!worker.buffered.empty() && worker.buffered.front() <= last) {
    const std::uint32_t i = worker.buffered.front();
    for (const Fault fault : {Fault::crashes_in_flush, Fault::crashes_later}) {
      if (!harmful(worker, i, fault)) continue;
      tell("    record", i, "does harm when it is stored");
      harmed(worker, i);
      promises_.died_of_a_record();
      dies(worker, true);
      return false;
    }
    promises_.stored(i);
    worker.buffered.erase(worker.buffered.begin());
  }
  return true;
}

// The plugin checkpoints in the middle of process_records: whether it waits for the answer now.
bool World::wish(Worker& worker) {
  Worker::Wish one;
  if (!worker.program.checkpoints || chance_(0.05)) {
    one.forged = worker.program.checkpoints;
    one.last = UINT32_MAX;
    ask(worker, one);
    return true;
  }
  // It is given the records of this call, and has those before.
  std::vector<std::uint32_t> all = worker.given;
  all.insert(all.end(), worker.records.begin(), worker.records.end());
  if (all.empty()) {
    one.last = UINT32_MAX;
    ask(worker, one);
    return true;
  }
  one.everything = chance_(0.4);
  std::sort(all.begin(), all.end());
  one.last = one.everything || chance_(0.3) ? all.back() : all[chance_.below(all.size())];
  // Records of this call that it checkpoints are stored without being buffered.
  if (!store(worker, one.last)) return true;
  for (const std::uint32_t i : worker.records) {
    if (i > one.last) continue;
    for (const Fault fault : {Fault::crashes_in_flush, Fault::crashes_later}) {
      if (!harmful(worker, i, fault)) continue;
      tell("    record", i, "does harm when it is stored at once");
      harmed(worker, i);
      promises_.died_of_a_record();
      dies(worker, true);
      return true;
    }
    promises_.stored(i);
  }
  worker.stored_in_call = one.last;
  ask(worker, one);
  return true;
}

// The plugin finishes some of what it has, in any order, and says so.
void World::acknowledge(Worker& worker) {
  std::vector<std::uint32_t> all = worker.buffered;
  if (worker.state == State::in_call && worker.examined) {
    for (const std::uint32_t i : worker.records) {
      if (!worker.has(i) && !worker.has_rejected(i) && !promises_.is_taken(i)) all.push_back(i);
    }
  }
  if (all.empty()) {
    if (worker.state == State::in_call) over(worker, KCLHOST_OK);
    return;
  }
  const WorkerId id = worker.id;
  std::size_t k = chance_(0.5) ? 0 : chance_.below(all.size());
  for (std::size_t most = chance_.between(1, 6); k < all.size() && most > 0; ++k, --most) {
    const std::uint32_t i = all[k];
    for (const Fault fault : {Fault::crashes_in_flush, Fault::crashes_later}) {
      if (!harmful(worker, i, fault)) continue;
      tell("    record", i, "does harm when it is stored");
      harmed(worker, i);
      promises_.died_of_a_record();
      return dies(worker, true);
    }
    if (harmful(worker, i, Fault::is_rejected_later)) {
      harmed(worker, i);
      reject(worker, i);
    } else {
      tell("worker", static_cast<std::uint32_t>(id), "acknowledges", i);
      std::erase(worker.buffered, i);
      std::erase(worker.unflushed, i);
      promises_.stored(i);
      // What another one is given instead is that one's.
      const Instance* const serving = shard_->lanes()[worker.lane]->serving();
      if (serving != nullptr && serving->id() == id) promises_.taken(i);
      shard_->acknowledged(id, worker.ids[i], 1, now_);
      perform();
    }
    if (!host_alive_ || find(id) != &worker) return;
    if (worker.state != State::idle && worker.state != State::in_call) return;
  }
}

void World::reject(Worker& worker, std::uint32_t record) {
  tell("worker", static_cast<std::uint32_t>(worker.id), "rejects", record);
  if (on_trial(worker)) {
    const WorkerId id = worker.id;
    shard_->rejected(id, worker.ids[record], "no process can do anything with it", now_);
    perform();
    const Worker* const same = host_alive_ ? find(id) : nullptr;
    if (same != nullptr && !same->finished && !daemon_.lease_is_lost && same->state != State::dying) {
      throw Violation{"a release on trial rejects a record, and nobody else is asked"};
    }
    return;
  }
  worker.rejected.push_back(record);
  std::erase(worker.given, record);
  std::erase(worker.buffered, record);
  std::erase(worker.unflushed, record);
  promises_.rejected(record);
  shard_->rejected(worker.id, worker.ids[record], "no process can do anything with it", now_);
  perform();
}

void World::ask(Worker& worker, const Worker::Wish& wish) {
  worker.wish = wish;
  worker.wished = true;
  worker.state = State::waiting;
  const WorkerId id = worker.id;
  const CallNumber number = worker.number;
  tell("worker", static_cast<std::uint32_t>(id), "checkpoints", wish.everything ? "everything" : "up to", wish.last,
       wish.forged ? "(forged)" : "");
  if (wish.forged) {
    const bool next = daemon_.delivered < setting_.size();
    const std::string beyond = next ? setting_.records[daemon_.delivered].sequence_number : "99999999999999";
    const std::int64_t sub = next ? setting_.records[daemon_.delivered].sub_sequence_number : -1;
    shard_->wants_checkpoint(id, number, beyond, sub, now_);
  } else if (wish.everything || wish.last == UINT32_MAX) {
    shard_->wants_checkpoint(id, number, std::nullopt, -1, now_);
  } else {
    const Record& record = setting_.records[wish.last];
    // "All of it" is what it was given of it.
    const bool all_of_it = record.last_of_number && chance_(0.5);
    shard_->wants_checkpoint(id, number, record.sequence_number, all_of_it ? -1 : record.sub_sequence_number, now_);
  }
  perform();
}

void World::over(Worker& worker, kclhost_status status, std::uint64_t first_unfinished, const Outcome& verdict) {
  const bool ok = status == KCLHOST_OK;
  if (ok && worker.call == Call::initialize && worker.program.tick_ms != 0) {
    const WorkerId id = worker.id;
    worker.tick_at = now_.steady + Time(worker.program.tick_ms);
    shard_->wants_ticks(id, Time(worker.program.tick_ms), now_);
    perform();
    if (!host_alive_ || find(id) != &worker || worker.state == State::dying) return;
  }
  worker.state = State::idle;
  if (worker.call == Call::tick) worker.tick_at = now_.steady + Time(worker.program.tick_ms);
  if (worker.call == Call::initialize && worker.told != worker.told_at_first) {
    throw Violation{"the text that a call was given changes while it is made"};
  }
  if (!ok) did_not_come_up(worker);
  worker.ready |= ok && worker.call == Call::initialize;
  worker.may_be_destroyed |= ok && worker.call == Call::create;
  if (worker.call == Call::flush) {
    flush_returned_ = !worker.flush_checkpointed;
    flushed_ = true;
  }
  tell("worker", static_cast<std::uint32_t>(worker.id), ok ? "returns from" : "fails in", name_of(worker.call),
       ok ? "" : std::to_string(first_unfinished));
  if (ok) keep_pace(worker);
  if (worker.call == Call::process_records && !worker.records.empty()) {
    const std::size_t all_but_one = worker.records.size() - 1;
    const std::size_t done = ok ? all_but_one + 1 : std::min<std::size_t>(first_unfinished, all_but_one);
    const std::span<const std::uint32_t> all(worker.records);
    if (!ok && worker.blameless()) {
      promises_.disturbed(all);
    } else if (!ok && !daemon_.gone && on_trial(worker)) {
      promises_.disturbed(all);
    } else if (!ok && !daemon_.gone) {
      promises_.disturbed(all.first(done));
      const Hands hands{{}, {all.begin() + static_cast<std::ptrdiff_t>(done), all.end()}, {}};
      promises_.failed(hands);
      const std::vector<std::uint32_t> suspects = promises_.suspects(hands);
      if (verdict.permanent) promises_.permanent(suspects);
      if (verdict.culprit && setting_.config.on_error.bisect && suspects.size() > 1) {
        promises_.named(all[*verdict.culprit]);
        if (verdict.permanent) promises_.permanent(all.subspan(*verdict.culprit, 1));
      }
    }
    promises_.accepted(worker, all.first(done));
    worker.part.assign(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(done));
    for (const std::uint32_t i : all.first(done)) {
      if (harmful(worker, i, Fault::crashes_later) && chance_(0.5)) worker.armed = true;
    }
    // What it checkpointed in this call is neither buffered nor unflushed.
    if (worker.program.checkpoints) promises_.settle(worker);
  }
  if (worker.call == Call::flush && worker.program.holds()) {
    worker.abandoned |= !ok && !worker.blameless();
    if (ok && worker.program.acknowledges) {
      // It is over when all is acknowledged; and then nothing is left.
    } else if (ok) {
      promises_.flushed(worker.unflushed);
      worker.unflushed.clear();
    } else if (!worker.blameless() && !daemon_.gone && !on_trial(worker)) {
      promises_.failed({worker.unflushed, {}, worker.part});
      promises_.disturbed(worker.given);
    }
  }
  const std::uint64_t memory =
      setting_.config.worker.max_memory ? (trouble(0.05) ? (blemish(worker), 2'000'000) : 1'000) : 0;
  Outcome outcome = verdict;
  outcome.status = status;
  if (!ok && chance_(0.1)) outcome.retry_after_ms = chance_.below(30);
  outcome.first_unfinished = first_unfinished;
  if (!ok) outcome.message = "it failed";
  shard_->outcome(worker.id, worker.number, outcome, memory, now_);
  bool goes_on = false;
  for (const Action& one : shard_->actions()) {
    const auto* const call = std::get_if<action::CallWorker>(&one);
    goes_on |= call != nullptr && call->worker == worker.id && call->request.call == Call::process_records;
  }
  if (goes_on && trouble_left_ != 0 && chance_(setting_.trouble_rate)) {
    // The host hears of its death, too, before it makes the call that the outcome leads to.
    die_between(worker);
    const auto at = std::find_if(workers_.begin(), workers_.end(), [&](const Worker& one) { return &one == &worker; });
    if (worker.state == State::dying) return ended(static_cast<std::size_t>(at - workers_.begin()));
  }
  perform();
}

void World::dies(Worker& worker, bool call_begun) {
  tell("worker", static_cast<std::uint32_t>(worker.id), "dies", call_begun ? "" : "before the plugin saw the call");
  const bool as_asked = worker.state == State::in_call && worker.call == Call::destroy && call_begun;
  if (worker.finished) blemish(worker);  // nobody is given the records any more that it might have died of
  if (worker.state == State::idle) worker.records.clear();
  if (worker.call == Call::flush) flush_returned_ = false;
  worker.state = State::dying;
  worker.death.reset();
  if (!as_asked || trouble(0.1)) worker.death = Death{Death::Kind::signal, 11, "killed by SIGSEGV", {}, call_begun};
  worker.armed = false;
}

void World::ended(std::size_t index) {
  const Worker worker = workers_[index];
  former_.push_back(worker.id);
  workers_.erase(workers_.begin() + static_cast<std::ptrdiff_t>(index));
  tell("worker", static_cast<std::uint32_t>(worker.id), "has ended");
  if (!worker.ready) ++failed_starts_;
  did_not_come_up(worker);
  if (worker.death && !worker.destroyed && !daemon_.gone) {
    if (!on_trial(worker)) promises_.failed(in_hands(worker, worker.death->call_begun));
    promises_.disturbed(worker.given);  // what it had stored, too, is with nobody now
  }
  shard_->ended(worker.id, worker.death ? &*worker.death : nullptr, now_);
  perform();
}

}  // namespace kclhost::host::simulation
