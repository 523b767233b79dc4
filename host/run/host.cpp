#include "run/host.hpp"

#include <chrono>
#include <exception>

#include "run/own_fault.hpp"
#include "support/exit_code.hpp"
#include "support/file_name.hpp"
#include "support/process_memory.hpp"
#include "support/random_seed.hpp"
#include "support/wall_clock.hpp"

namespace kclhost::host::run {
namespace {

// How long a log that nobody reads can hold the end up.
constexpr std::chrono::milliseconds patience_with_log{1'000};

std::filesystem::path journal_path(const config::Config& config, const std::string& shard_id, std::size_t lane) {
  return config.state_dir / "tries" / file_name(owner_of_tries(config) + "." + shard_id + "." + std::to_string(lane));
}

// The process before died of a fault of the plugin, so the delivery that was under way has failed. (With isolation none
// there is one lane.)
void blame_for_own_fault(std::vector<std::vector<JournalNote>>& journals) {
  for (std::vector<JournalNote>& notes : journals) {
    for (JournalNote& note : notes) note.failures += std::exchange(note.under_way, false) ? 1 : 0;
  }
}

}  // namespace

Host::Host(const config::Config& config, std::optional<worker::User> user, observe::Log& log, int in, int out)
    : config_(config),
      user_(std::move(user)),
      log_(log),
      daemon_(in, out, loop_, buffer_),
      releases_(config, log),
      shard_(config, memory_, random_seed(), now()),
      report_(config, shard_, loop_,
              {.sha256 = [this](std::uint32_t release) { return releases_.sha256(release); },
               .on_trial = [this] { return releases_.wanted().before != 0; },
               .workers_memory = [this] { return workers_memory(); },
               .last_lines = [this](std::size_t most) { return log_.last_lines(most); },
               .shadow =
                   [this](std::vector<hub::Series>& all) {
                     if (shadow_) shadow_->add_to(all);
                   }}) {}

Host::~Host() = default;

Now Host::now() {
  return at(Clock::now());
}

Now Host::at(Clock::time_point clock) {
  using namespace std::chrono;
  return {duration_cast<Time>(clock.time_since_epoch()), wall_clock_ms()};
}

std::uint64_t Host::workers_memory() const {
  std::uint64_t bytes = 0;
  for (const auto& one : lives_) bytes += one->resident_memory();
  return bytes;
}

worker::Life* Host::life(WorkerId worker) {
  for (const auto& one : lives_) {
    if (one->id() == worker) return one.get();
  }
  return nullptr;
}

int Host::run() {
  if (const std::string why = releases_.open(); !why.empty()) {
    end(exit_plugin, why);
  } else {
    if (releases_.fd() >= 0) {
      loop_.add(releases_.fd(), [this] {
        if (releases_.on_readable()) follow_releases();
      });
    }
    loop_.add(hangup_.fd(), [this] {
      hangup_.take();
      if (releases_.look()) follow_releases();
    });
    follow_releases();
    shard_.begin(now());
    if (config_.shadow.configured()) {
      carry_out();
      make_shadow();
    }
  }
  while (!exit_code_) {
    carry_out();
    if (exit_code_) break;
    take_answer();
    take_message();
    if (!shard_.actions().empty()) continue;
    if (exit_code_) break;
    const Clock::time_point until = deadline();
    // At the last moment: what still has to run would be mapped again.
    if (std::exchange(unmap_program_, false)) unmap_program();
    loop_.turn(until);
    // What somebody waits for comes before what is due.
    carry_out();
    on_time();
  }
  loop_.remove(hangup_.fd());
  if (releases_.fd() >= 0) loop_.remove(releases_.fd());
  if (shadow_) shadow_->end();
  report_.swaps(releases_.swaps());
  report_.last();
  for (auto& one : lives_) one.reset();
  // What an earlier process set aside was not delivered either.
  const std::uint64_t aside = shard_.set_aside().records + shard_.aside_before().records;
  const bool skips = config_.on_error.then == config::Then::skip;
  metrics_.pass_on(skips ? observe::SetAside{.skipped = aside} : observe::SetAside{.dead_letters = aside});
  log_.flush_for(patience_with_log);
  return *exit_code_;
}

// Whatever comes of it, the shard goes on.
void Host::make_shadow() {
  try {
    shadow_ = std::make_unique<Shadow>(config_, user_, log_, loop_, [this] { report_.changed(); });
  } catch (const std::exception& error) {
    Shadow::tell_none(log_, error.what());
  }
}

void Host::end(int exit_code, const std::string& message) {
  if (exit_code_) return;
  if (!message.empty()) log_.error(message);
  report_.failed(message);
  exit_code_ = exit_code;
}

// ---- The daemon

void Host::take_message() {
  if (exit_code_ || gone_) return;
  if (shard_.wants_message()) {
    const auto message = daemon_.next();
    if (!message) return end(exit_usage, message.error());
    if (*message) return handle(**message);
  }
  if (daemon_.ended()) daemon_gone(false);
}

void Host::daemon_gone(bool unanswered) {
  if (std::exchange(gone_, true)) return;
  if (daemon_.ended_in_line() && shard_.wants_message()) {
    return end(exit_broken_pipe,
               "the daemon went away in the middle of a message; it reads on from the last checkpoint");
  }
  shard_.daemon_gone(unanswered, now());
}

void Host::handle(const protocol::Message& message) {
  using protocol::Action;
  answering_ = message.action_text;
  if (message.action != Action::initialize && !greeted_) {
    return end(exit_usage, "the daemon's first message is " + answering_ + ", not initialize");
  }
  report_.message(message);
  switch (message.action) {
    case Action::initialize:
      return initialize(message);
    case Action::process_records:
      if (shadow_) batch_for_shadow_ = message.batch;
      return shard_.process_records(message.batch, now());
    case Action::lease_lost:
      return shard_.lease_lost(now());
    case Action::shard_ended:
      return shard_.shard_ended(now());
    case Action::shutdown_requested:
      return shard_.shutdown_requested(now());
    case Action::shutdown:
      return message.reason == "TERMINATE" ? shard_.shard_ended(now()) : shard_.lease_lost(now());
    case Action::checkpoint:
      return end(exit_usage, "the daemon answers a checkpoint that was not sent");
  }
}

void Host::initialize(const protocol::Message& message) {
  if (std::exchange(greeted_, true)) return end(exit_usage, "the daemon sends initialize twice");
  shard_id_ = message.shard_id;
  log_.set_shard(shard_id_);
  releases_.begin_shard(shard_id_);
  follow_releases();
  std::vector<std::vector<JournalNote>> left_over;
  std::vector<std::atomic<std::uint32_t>*> marks;
  bool own_fault = false;
  for (int lane = 0; lane < config_.concurrency; ++lane) {
    const auto path = journal_path(config_, shard_id_, static_cast<std::size_t>(lane));
    auto journal = goes_on() ? store::AttemptJournal::open(path) : store::AttemptJournal::in_memory();
    if (!journal) return end(exit_stopped, journal.error());
    if (goes_on() && (*journal)->is_forgotten() && lane == 0) {
      log_.warn("another process has this shard's state in state_dir: what is tried here is not remembered");
    }
    left_over.push_back((*journal)->left_over());
    own_fault |= (*journal)->own_fault_left();
    marks.push_back(&(*journal)->own_fault());
    journals_.push_back(std::move(*journal));
  }
  if (!journals_.front()->is_forgotten()) forget_lanes_from(static_cast<std::size_t>(config_.concurrency));
  if (own_fault) blame_for_own_fault(left_over);
  if (config_.isolation == config::Isolation::none) own_faults_.emplace(marks);
  shard_.initialize(shard_id_, message.sequence_number.value_or(""), message.sub_sequence_number, std::move(left_over),
                    now());
}

// An earlier host had more: what it noted of their records is of no use in as many lanes as there are now.
void Host::forget_lanes_from(std::size_t lane) const {
  std::error_code error;
  while (std::filesystem::remove(journal_path(config_, shard_id_, lane), error)) ++lane;
}

void Host::take_answer() {
  if (!awaiting_answer_ || exit_code_) return;
  const auto answer = daemon_.answer();
  if (!answer) return end(exit_usage, answer.error());
  if (*answer) {
    awaiting_answer_ = false;
    report_.checkpoint_answered(**answer);
    shard_.checkpoint_answered(**answer, now());
  } else if (daemon_.ended()) {
    daemon_gone(false);
  }
}

// ---- Time

Clock::time_point Host::deadline() const {
  Clock::time_point next = std::min({daemon_.deadline(), log_.flush_at(), releases_.deadline(), report_.deadline()});
  if (const Time shard = shard_.deadline(); shard != never) {
    next = std::min(next, Clock::time_point(std::chrono::duration_cast<Clock::duration>(shard)));
  }
  for (const auto& one : lives_) next = std::min(next, one->deadline());
  return shadow_ ? std::min(next, shadow_->deadline()) : next;
}

void Host::on_time() {
  const auto clock = Clock::now();
  const auto steady = std::chrono::duration_cast<Time>(clock.time_since_epoch());
  // First: the lives pass it on when the batches' memory is another.
  if (daemon_.deadline() <= clock) unmap_program_ |= daemon_.on_time(clock);
  for (std::size_t i = 0; i < lives_.size(); ++i) {
    if (lives_[i]->deadline() <= clock) lives_[i]->on_time(clock);
  }
  if (shard_.deadline() <= steady) shard_.on_time(at(clock));
  if (releases_.deadline() <= clock && releases_.on_time()) follow_releases();
  for (const WorkerId worker : over_) {
    std::erase_if(lives_, [worker](const auto& one) { return one->id() == worker; });
  }
  over_.clear();
  if (shadow_) shadow_->on_time(clock);
  report_.swaps(releases_.swaps());
  report_.on_time(clock);
  if (log_.flush_at() <= clock) log_.flush();
  const int wanted = log_.pending() ? log_.fd_to_watch() : -1;
  if (wanted == log_watched_) return;
  if (log_watched_ >= 0) loop_.remove(log_watched_);
  log_watched_ = wanted;
  if (wanted >= 0) loop_.add_writable(wanted, [this] { log_.flush(); });
}

// ---- What the workers say

void Host::loaded(WorkerId worker, const Descriptor& about) {
  shard_.loaded(worker, about, now());
}

void Host::not_loaded(WorkerId worker, const std::string& why) {
  report_.failed_to_start(worker);
  shard_.not_loaded(worker, why, now());
}

void Host::outcome(WorkerId worker, CallNumber call, const Outcome& outcome) {
  report_.outcome(worker, call, outcome);
  // To ask for it costs some microseconds.
  const Clock::time_point clock = Clock::now();
  const auto running = running_.find(worker);
  const bool of_records = running != running_.end() && running->second.records != 0;
  const bool weigh = config_.worker.max_memory || (of_records && clock - weighed_at_ >= std::chrono::seconds(1));
  if (weigh) weighed_at_ = clock;
  const worker::Life* const one = weigh ? life(worker) : nullptr;
  const std::uint64_t resident_memory = one ? one->resident_memory() : 0;
  count_call(worker, outcome, resident_memory);
  shard_.outcome(worker, call, outcome, config_.worker.max_memory ? resident_memory : 0, at(clock));
}

void Host::count_call(WorkerId worker, const Outcome& outcome, std::uint64_t resident_memory) {
  const auto one = running_.find(worker);
  if (one == running_.end() || one->second.records == 0) return;
  const std::uint32_t records = std::exchange(one->second.records, 0);
  if (!outcome.ok() && shard_.excuses(worker)) return;
  if (shadow_ && !outcome.ok()) shadow_->plugin_failed();
  releases_.called(one->second.release, records, Clock::now() - one->second.began, outcome.ok(), resident_memory);
}

void Host::count_death(WorkerId worker, const Death& death) {
  const auto one = running_.find(worker);
  if (one == running_.end()) return;
  const bool with_records = shard_.died_with_records(worker, death);
  if (shadow_ && with_records) shadow_->plugin_failed();
  releases_.died(one->second.release, with_records);
}

void Host::follow_releases() {
  const Releases::Wanted wanted = releases_.wanted();
  shard_.call_longer_than(releases_.call_longer_than());
  shard_.run_release(wanted.release, wanted.before, now());
}

void Host::wants_checkpoint(WorkerId worker, CallNumber call, std::optional<std::string_view> sequence_number,
                            std::int64_t sub_sequence_number) {
  shard_.wants_checkpoint(worker, call, sequence_number, sub_sequence_number, now());
}

void Host::log(WorkerId, std::int32_t level, std::string_view source, std::string_view text) {
  const auto clamped = std::clamp<std::int32_t>(level, KCLHOST_LOG_TRACE, KCLHOST_LOG_ERROR);
  log_.write(static_cast<observe::Level>(clamped), source, text);
}

void Host::metric_made(WorkerId worker, std::uint32_t metric, const kclhost_metric_spec& spec) {
  metrics_.make(worker, metric, spec);
  report_.metric_made(worker, metric, spec);
}

void Host::metric(WorkerId worker, std::uint32_t metric, double value) {
  metrics_.take(worker, metric, value);
  report_.metric(worker, metric, value);
}

void Host::acknowledged(WorkerId worker, RecordId first, std::uint64_t count) {
  report_.changed();
  shard_.acknowledged(worker, first, count, now());
}

void Host::rejected(WorkerId worker, RecordId record, std::string_view reason) {
  report_.changed();
  if (shadow_) shadow_->plugin_failed();
  shard_.rejected(worker, record, reason, now());
}

void Host::wants_ticks(WorkerId worker, std::uint32_t interval_ms) {
  shard_.wants_ticks(worker, Time(interval_ms), now());
}

void Host::ended(WorkerId worker, const Death* death) {
  over_.push_back(worker);
  metrics_.forget(worker);
  if (death != nullptr) count_death(worker, *death);
  running_.erase(worker);
  report_.ended(worker, death);
  shard_.ended(worker, death, now());
}

}  // namespace kclhost::host::run
