#include "session/batch_run.hpp"

#include <chrono>

#include "session/stop.hpp"
#include "store/crash_report.hpp"
#include "support/exit_code.hpp"
#include "support/file_name.hpp"
#include "support/random_seed.hpp"

namespace kclhost::host::session {
namespace {

using processor::Call;
using processor::Outcome;
using Step = policy::Delivery::Step;

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::string property(const config::Config& config, const char* name) {
  const auto found = config.daemon.properties.find(name);
  return found == config.daemon.properties.end() ? std::string() : found->second;
}

std::filesystem::path journal_path(const config::Config& config, const std::string& shard_id, std::size_t lane) {
  return config.state_dir / "tries" /
         (file_name(property(config, "applicationName") + "." + shard_id + "." + std::to_string(lane)));
}

// The part of a batch that an earlier process was trying when it ended.
std::optional<policy::Delivery::Suspect> find_suspect(const Batch& batch, const store::Attempted& attempted) {
  std::uint32_t first = 0;
  while (first < batch.count && Position::of(batch, first) < attempted.first) ++first;
  std::uint32_t last = first;
  while (last < batch.count && at_or_before(batch, last, attempted.last)) ++last;
  if (first == last) return std::nullopt;
  const bool part = Position::of(batch, first) != attempted.first || Position::of(batch, last - 1) != attempted.last;
  return policy::Delivery::Suspect{first, last, attempted.tries, attempted.searching, part};
}

}  // namespace

// A lane's share of the batch in hand, and how far it has come.
struct BatchRun::Track {
  Track(Lane& its_lane, unsigned its_number, const config::OnError& config)
      : lane(its_lane), number(its_number), delivery(config, random_seed()) {}

  Lane& lane;
  unsigned number;
  policy::Delivery delivery;
  std::unique_ptr<store::AttemptJournal> journal;
  bool journal_synced = false;  // in this process's life
  Batch share;                  // all of the batch, or this lane's records in a table of their own
  Batch part;                   // what the call in progress was given
  bool calling = false, waiting = false, blocked = false;
  Clock::time_point wake_at{};
  std::int64_t first_failure_ms = 0, last_failure_ms = 0;
  std::string error_code, error_text;  // of the last failure
};

BatchRun::BatchRun(const config::Config& config, observe::Log& log, EventLoop& loop, const DaemonLink& daemon,
                   SharedBuffer& buffer, std::vector<std::unique_ptr<Lane>>& lanes, policy::Checkpoints& checkpoints,
                   ShardState& shard)
    : config_(config),
      log_(log),
      loop_(loop),
      daemon_(daemon),
      buffer_(buffer),
      lanes_(lanes),
      checkpoints_(checkpoints),
      shard_(shard),
      split_(static_cast<unsigned>(lanes.size())),
      finished_(lanes.size()) {
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    tracks_.push_back(std::make_unique<Track>(*lanes_[i], static_cast<unsigned>(i), config_.on_error));
    auto journal = store::AttemptJournal::open(journal_path(config_, shard_.shard_id, i));
    if (!journal) throw Stop(exit_stopped, journal.error());
    tracks_.back()->journal = std::move(*journal);
  }
}

BatchRun::~BatchRun() = default;

void BatchRun::deliver(const Batch& batch) {
  start(batch);
  try {
    run();
  } catch (const Stop&) {
    // What is finished need not be read again by whoever goes on.
    update_position();
    if (host_checkpoints() && !daemon_.ended()) checkpoints_.record_now();
    throw;
  }
  for (const auto& track : tracks_) remember(*track);
}

void BatchRun::start(const Batch& batch) {
  batch_ = batch;
  if (tracks_.size() == 1) {
    tracks_.front()->share = batch;
  } else {
    split_.split(batch);
    std::size_t table = batch.table + batch.count * sizeof(RecordEntry);
    if (!buffer_.reserve(table + batch.count * sizeof(RecordEntry))) {
      throw Stop(exit_stopped, "no memory for the batch");
    }
    for (std::size_t i = 0; i < tracks_.size(); ++i) {
      auto* entries = reinterpret_cast<RecordEntry*>(buffer_.data() + table);
      const std::vector<std::uint32_t>& indexes = split_.indexes(static_cast<unsigned>(i));
      for (std::size_t k = 0; k < indexes.size(); ++k) entries[k] = batch.entry(indexes[k]);
      Batch& share = tracks_[i]->share;
      share = batch;
      share.table = static_cast<std::uint32_t>(table);
      share.count = static_cast<std::uint32_t>(indexes.size());
      table += indexes.size() * sizeof(RecordEntry);
    }
  }
  one_at_a_time_ = false;
  for (const auto& track : tracks_) {
    std::optional<policy::Delivery::Suspect> suspect;
    if (const auto& left_over = track->journal->left_over()) {
      suspect = find_suspect(track->share, *left_over);
      if (suspect) {
        // The record that ends the host must not have others in flight with it, nor be met again behind them.
        one_at_a_time_ = tracks_.size() > 1;
        log_.warn("an earlier process ended while it tried these records; the count goes on",
                  {{"first", left_over->first.str()},
                   {"last", left_over->last.str()},
                   {"tries", std::to_string(left_over->tries)}});
        track->first_failure_ms = track->last_failure_ms = now_ms();
        track->error_code = "DIED";
        track->error_text = "the host ended while these records were being processed";
      }
      // After a restart from an earlier checkpoint the records that were tried can be batches away.
      if (batch.count != 0 && !(Position::of(batch, batch.count - 1) < left_over->last)) {
        track->journal->forget_left_over();
      }
    }
    policy::Delivery::TooOld too_old;
    if (config_.on_error.max_record_age && config_.on_error.then != config::Then::block) {
      too_old = [share = &track->share, oldest = now_ms() - config_.on_error.max_record_age->count()](std::uint32_t i) {
        const std::int64_t arrival = share->entry(i).arrival_ms;
        return arrival != KCLHOST_NO_TIMESTAMP && arrival < oldest;
      };
    }
    track->delivery.begin(track->share.count, suspect, std::move(too_old));
    track->calling = track->waiting = track->blocked = false;
  }
}

void BatchRun::run() {
  for (;;) {
    bool finished = true;
    for (const auto& track : tracks_) finished &= advance(*track);
    update_position();
    if (finished) return;
    if (host_checkpoints()) {
      bool blocked = false;
      for (const auto& track : tracks_) blocked |= track->blocked;
      // A restart must not repeat what is finished in front of a record that waits.
      blocked ? checkpoints_.record_now() : checkpoints_.record_if_due();
    }
    Clock::time_point next = Clock::time_point::max();
    for (const auto& track : tracks_) {
      if (track->calling) next = std::min(next, track->lane.deadline());
      if (track->waiting) next = std::min(next, track->wake_at);
    }
    const auto something_to_do = [this] {
      if (daemon_.ended()) return true;
      bool idle = true;
      for (const auto& track : tracks_) {
        if (track->calling && !track->lane.busy()) return true;
        idle = idle && !track->calling && !track->waiting;
      }
      return idle;  // it is another lane's turn
    };
    loop_.run_until(something_to_do, next);
    if (daemon_.ended()) {
      for (const auto& track : tracks_) {
        if (track->calling) track->lane.abandon();
      }
      throw Stop(exit_broken_pipe,
                 "the daemon went away while process_records was under way; nothing of it is acknowledged");
    }
  }
}

bool BatchRun::advance(Track& track) {
  for (;;) {
    if (track.calling && !call_over(track)) return false;
    if (track.waiting) {
      if (Clock::now() < track.wake_at) return false;
      track.waiting = false;
      if (track.blocked) track.lane.renew_if_file_changed();
      track.delivery.waited();
    }
    const policy::Delivery::Action action = track.delivery.next();
    switch (action.step) {
      case Step::deliver:
        if (one_at_a_time_ && !has_first_unfinished(track)) return false;
        begin_delivery(track, action);
        break;
      case Step::wait:
        begin_wait(track, action);
        break;
      case Step::give_up:
        // Before its turn it would not be checkpointed, and be set aside again after the next record that ends the
        // host.
        if (one_at_a_time_ && !has_first_unfinished(track)) return false;
        give_up(track, action);
        break;
      case Step::stop:
        throw Stop(
            exit_stopped,
            "stopped by on_error: the batch is not acknowledged, the daemon reads it again from the last checkpoint");
      case Step::done:
        return true;
    }
  }
}

void BatchRun::begin_delivery(Track& track, const policy::Delivery::Action& action) {
  track.part = track.share.slice(action.first, action.last - action.first);
  if (!track.lane.alive() && shard_.holds_records()) {
    throw Stop(exit_stopped, "the worker died while the plugin held records up to " + shard_.accepted.str() +
                                 " that it had not checkpointed; the daemon must read them again");
  }
  track.lane.bring_up({shard_.shard_id, shard_.position, shard_.greeted});
  track.journal->begin(track.part, action.tries, action.searching);
  // The disk must know of a delivery that may take the machine down: of every one that is not the first try, and of a
  // new process's first, because the one before may have ended with the machine.
  if (action.attempt > 1 || !track.journal_synced) track.journal->sync();
  track.journal_synced = true;
  const std::size_t last = track.part.count - 1;
  shard_.delivered.set(track.part.sequence_number(last), track.part.entry(last).sub_sequence_number);
  in_hand_ = &track.part;
  track.calling = true;
  track.lane.begin({.call = Call::process_records, .batch = track.part, .attempt = action.attempt},
                   config_.timeouts.process_records);
}

bool BatchRun::call_over(Track& track) {
  if (!track.lane.over()) return false;
  track.calling = false;
  in_hand_ = nullptr;
  shard_.go_on_with_stop();
  if (track.lane.must_repeat()) return true;
  const Outcome& outcome = track.lane.outcome();
  if (outcome.ok()) {
    if (track.blocked) log_.info("the shard goes on: the records that it waited for have passed");
    track.blocked = false;
    track.delivery.succeeded();
    remember(track);
    if (!host_checkpoints()) shard_.accepted = shard_.delivered;
    recycle_if_large(track.lane);
    return true;
  }
  track.lane.report(outcome, &track.part);
  if (outcome.death)
    store::write_crash_report(config_, log_, shard_.shard_id, track.lane.generation(), *outcome.death, track.part);
  track.last_failure_ms = now_ms();
  if (track.delivery.failures_of(track.delivery.finished()) == 0) track.first_failure_ms = track.last_failure_ms;
  track.error_code = outcome.death ? "DIED" : "FAILED";
  track.error_text = outcome.message;
  std::uint32_t finished = outcome.death ? 0 : static_cast<std::uint32_t>(outcome.first_unfinished);
  // What a plugin has checkpointed must never reach it again, even where it failed afterwards.
  if (!host_checkpoints()) {
    while (finished < track.part.count && at_or_before(track.part, finished, shard_.recorded)) ++finished;
  }
  track.delivery.failed(finished);
  return true;
}

void BatchRun::begin_wait(Track& track, const policy::Delivery::Action& action) {
  track.waiting = true;
  track.wake_at = Clock::now() + action.wait;
  if (action.blocked && !track.blocked) {
    log_.error(
        "the shard waits: these records fail whatever is tried, and on_error.then is block; they are tried again "
        "until they pass, a new plugin file is taken up",
        {{"first", Position::of(track.share, action.first).str()},
         {"last", Position::of(track.share, action.last - 1).str()},
         {"error", track.error_text}});
  }
  track.blocked = action.blocked;
}

void BatchRun::give_up(Track& track, const policy::Delivery::Action& action) {
  if (config_.on_error.then == config::Then::dead_letter) write_dead_letters(track, action);
  const bool aged = track.delivery.gave_up_for_age();
  for (std::uint32_t i = action.first; i < action.last; ++i) {
    const std::string attempts = std::to_string(track.delivery.failures_of(i));
    log_.error(
        config_.on_error.then == config::Then::skip ? "record skipped by on_error" : "record put into the dead letters",
        {{"record", Position::of(track.share, i).str()},
         {"partition_key", track.share.partition_key(i)},
         {"attempts", attempts},
         {"total", std::to_string(++given_up_)},
         {"error", aged ? std::string_view("older than on_error.max_record_age") : track.error_text}});
  }
  track.delivery.given_up();
  // A restart must not meet this record again: what it did to the host would be forgotten by then.
  update_position();
  if (host_checkpoints()) checkpoints_.record_now();
}

void BatchRun::write_dead_letters(Track& track, const policy::Delivery::Action& action) {
  const std::string application = property(config_, "applicationName");
  if (!dead_letters_) {
    bool repaired = false;
    auto opened = store::DeadLetters::open(config_.dead_letter, application, shard_.shard_id, repaired);
    if (!opened) throw Stop(exit_stopped, opened.error());
    if (repaired)
      log_.warn("the last dead letter was cut short by a crash and is removed; its batch was never acknowledged");
    dead_letters_ = std::move(*opened);
  }
  const bool aged = track.delivery.gave_up_for_age();
  std::vector<store::DeadLetter> letters;
  for (std::uint32_t i = action.first; i < action.last; ++i) {
    const RecordEntry& entry = track.share.entry(i);
    letters.push_back({.data = track.share.data(i),
                       .partition_key = track.share.partition_key(i),
                       .sequence_number = track.share.sequence_number(i),
                       .sub_sequence_number = entry.sub_sequence_number,
                       .arrival_ms = entry.arrival_ms,
                       .error_code = aged ? std::string_view("TOO_OLD") : track.error_code,
                       .error_text = aged ? std::string_view("older than on_error.max_record_age") : track.error_text,
                       .attempts = track.delivery.failures_of(i),
                       .first_try_ms = aged ? 0 : track.first_failure_ms,
                       .last_try_ms = aged ? 0 : track.last_failure_ms});
  }
  const processor::Descriptor& about = track.lane.descriptor();
  const store::DeadLetterOrigin origin{
      property(config_, "streamName"), application, shard_.shard_id, about.id, about.version, track.lane.generation()};
  if (const auto written = dead_letters_->append(letters, origin); !written) {
    throw Stop(exit_stopped, written.error());
  }
}

// Between two deliveries the journal says what the next process must know, should this one end.
void BatchRun::remember(Track& track) {
  if (const auto known = track.delivery.known()) {
    track.journal->begin(track.share.slice(known->first, known->last - known->first), known->tries, known->searching);
  } else {
    track.journal->clear();
  }
}

std::uint32_t BatchRun::low_water() {
  if (tracks_.size() == 1) return tracks_.front()->delivery.finished();
  for (std::size_t i = 0; i < tracks_.size(); ++i) finished_[i] = tracks_[i]->delivery.finished();
  return split_.low_water(finished_);
}

bool BatchRun::has_first_unfinished(const Track& track) {
  const std::vector<std::uint32_t>& indexes = split_.indexes(track.number);
  return track.delivery.finished() < indexes.size() && indexes[track.delivery.finished()] == low_water();
}

// The position is the last record before the first unfinished one, in the shard's order.
void BatchRun::update_position() {
  const std::uint32_t done = low_water();
  if (done == 0) return;
  shard_.position.set(batch_.sequence_number(done - 1), batch_.entry(done - 1).sub_sequence_number);
  if (host_checkpoints()) checkpoints_.finished(shard_.position.sequence_number, shard_.position.sub_sequence_number);
}

void BatchRun::recycle_if_large(Lane& lane) {
  if (!config_.worker.max_memory || shard_.holds_records()) return;
  const std::uint64_t resident = lane.resident_memory();
  if (resident <= *config_.worker.max_memory) return;
  log_.warn("the worker has outgrown worker.max_memory and is replaced",
            {{"resident_bytes", std::to_string(resident)}, {"max_bytes", std::to_string(*config_.worker.max_memory)}});
  lane.retire();
}

}  // namespace kclhost::host::session
