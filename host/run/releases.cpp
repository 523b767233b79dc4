#include "run/releases.hpp"

#include <unistd.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "run/replay_state.hpp"
#include "support/wall_clock.hpp"

namespace kclhost::host::run {
namespace {

using namespace std::chrono_literals;
using rollout::Change;
using rollout::State;

// Who holds the lock holds it for some writes, or while a plugin is staged.
constexpr std::chrono::milliseconds patience_at_start{60'000}, pause_for_lock{200};
// Nobody tries again for a host that has ended.
constexpr std::chrono::seconds patience_at_end{5};
constexpr std::chrono::seconds report_interval{1};
// A file that is replaced, or a link that is switched, is often not alone.
constexpr std::chrono::milliseconds quiet{100};
// With somebody who copies the plugin while a host starts.
constexpr std::chrono::seconds patience_with_copy{10};
// Without inotify.
constexpr std::chrono::seconds poll_interval{10};
constexpr std::chrono::minutes pause_before_staging_again{1};
// At a trial whose step has had its time: nothing tells of a host that was killed.
constexpr std::chrono::seconds pause_before_next_look_at_trial{10};
constexpr const char* went_down = "the machine or the daemon went down in the middle of the trial";

void remove(const store::DeadReport& dead) {
  std::error_code ignored;
  std::filesystem::remove(dead.path, ignored);
}

}  // namespace

Releases::Releases(const config::Config& config, observe::Log& log)
    : started_with_(config),
      config_(config),
      log_(log),
      replayed_(is_replayed()),
      store_(config.state_dir, state_owner(config)),
      told_limit_(call_longer_than()) {}

Releases::~Releases() {
  // The next start finds it where it lies.
  candidate_.reset();
  // What this host's report says of the release is lost with the report.
  if (is_unsettled()) settle(patience_at_end);
  const bool settled = !is_unsettled();
  const bool blames = !settled && (report_.failures > 0 || report_.crashes > 0);
  const bool had_place = settled && report_file_ && on_trial();
  // What is not on the disk is for the next start to find, as this one did.
  if ((went_down_ != 0 || blames) && report_file_) report_file_->leave();
  report_file_.reset();
  if (!had_place) return;
  shard_.clear();
  settle(patience_at_end);
}

// For a replay.
std::string Releases::take_configured() {
  Result<store::Candidate> candidate = read_candidate();
  if (!candidate) return candidate.error();
  std::string why;
  const Fd lock = store_.lock(patience_at_start, why);
  if (!lock) return why.empty() ? "another kclhost holds " + (store_.folder() / "lock").string() : why;
  bool made = false;
  const Result<store::ReleaseInfo> staged = store_.stage(*candidate, 0, wall_clock_ms(), made);
  if (!staged) return staged.error();
  state_.current = staged->number;
  state_.current_content = staged->content;
  store_.prune(config_.rollout.keep, {staged->number});
  return {};
}

std::string Releases::open() {
  if (std::string why = store_.make_folder(); !why.empty()) return why;
  if (replayed_) {
    std::string why = take_configured();
    told_ = wanted();
    return why;
  }
  // What changes from here on is looked at again once the host runs.
  watch_.open();
  watch();
  const bool is_old = FileVersion::of(config_.file) != config_.file_version;
  Result<store::Candidate> candidate = read_candidate();
  // Most of the time there is nothing else that could be run, and whoever copies the file is done in a moment.
  for (const auto end = Clock::now() + patience_with_copy; !candidate && look_at_ != Clock::time_point::max();) {
    if (Clock::now() >= end) break;
    std::this_thread::sleep_for(quiet);
    look_at_ = Clock::time_point::max();
    candidate = read_candidate();
  }
  if (candidate) candidate_ = std::move(*candidate);
  std::string why;
  {
    const Fd lock = store_.lock(patience_at_start, why);
    if (!lock) return why.empty() ? "another kclhost holds " + (store_.folder() / "lock").string() : why;
    Result<State> state = store_.state();
    if (!state) return state.error();
    state_ = std::move(*state);
    const store::Reports reports = store::read_reports(store_.reports());
    const bool all_went_down = reports.live.empty();
    for (const store::DeadReport& dead : all_went_down ? reports.dead : std::vector<store::DeadReport>{}) {
      if (!state_.trial || dead.trial != state_.trial->release) {
        remove(dead);
      } else {
        went_down_ = dead.trial;  // its report goes when the disk knows of the undoing: nothing else tells of it
      }
    }
  }
  if (candidate_ && !is_news(*candidate_, state_)) candidate_.reset();
  if (candidate_ || state_.trial) settle(patience_at_start);
  if (state_.current == 0 && state_.candidate == 0) return candidate ? warned_ : candidate.error();
  if (!candidate) no_candidate(candidate.error());
  if (!neighbours_.empty()) watch();
  told_ = wanted();
  if (const Result<Parts> parts = this->parts(told_.release); !parts) return parts.error();
  if (is_old) look_at_ = Clock::now();
  return {};
}

Releases::Wanted Releases::wanted() const {
  return rollout::wanted(state_, shard_);
}

bool Releases::has_changed() {
  const bool other_limit = told_limit_ != call_longer_than();
  told_limit_ = call_longer_than();
  return std::exchange(told_, wanted()) != told_ || other_limit;
}

bool Releases::on_trial() const {
  return state_.trial && rollout::wanted(state_, shard_).before != 0;
}

void Releases::begin_shard(std::string_view shard) {
  shard_ = shard;
  if (replayed_) return;
  report_.shard = shard_;
  report_.pid = ::getpid();
  auto file = store::ReportFile::open(store_.reports(), told_report());
  if (!file) return log_.warn(file.error() + "; this shard takes part in no trial");
  report_file_.emplace(std::move(*file));
  adopt(state_);
  consider();
}

// ---- Changes of the state that all hosts share

void Releases::edit(Edit what) {
  edits_.push_back(std::move(what));
  settle();
}

// Makes what is to be changed, and what the shards' reports make of the trial, unless another host holds the lock: then
// again in a moment.
void Releases::settle(std::chrono::milliseconds longest) {
  settle_at_ = Clock::time_point::max();
  std::string why;
  const Fd lock = store_.lock(longest, why);
  if (!lock) return settle_later(why);
  Result<State> read = store_.state();
  if (!read) return settle_later(read.error());
  State state = *read;
  decided_at_ = wall_clock_ms();
  Change change(state, decided_at_, shard_.empty() ? "kclhost run" : shard_);
  // A host that starts at the same time may have undone it, and another trial may go on.
  if (went_down_ != 0 && state.trial && state.trial->release == went_down_) change.undo(went_down);
  for (const Edit& one : edits_) one(change);
  if (candidate_) stage(state, change);
  change.decide(store::read_reports(store_.reports()).live, config_.rollout);
  const bool changed = state != *read;
  why = changed ? store_.write(state) : std::string();
  if (!why.empty()) {
    settle_later(why);
    // Nobody else would know of a trial, or that one has passed.
    if (state.trial || (read->trial && state.current != read->current)) return;
    if (read->trial) {
      // This shard goes back at once. Its report stays: by that the others do, and this one when it looks again.
      state_ = std::move(state);
      return set_due();
    }
  } else {
    edits_.clear();
    candidate_.reset();
    if (std::exchange(went_down_, 0u) != 0) {
      for (const store::DeadReport& dead : store::read_reports(store_.reports()).dead) remove(dead);
      report_changed_ = true;  // see told_report()
    }
    warned_of_disk_.clear();
    if (changed) store_.prune(config_.rollout.keep, needed(state));
    tell(change.happened());
  }
  adopt(std::move(state));
}

// "": another process has the lock.
void Releases::settle_later(const std::string& why) {
  settle_at_ = Clock::now() + (why.empty() ? pause_for_lock : 1s);
  if (!why.empty()) warn_once(warned_of_disk_, why + "; what becomes of a release waits for that");
}

void Releases::stage(State& state, Change& change) {
  if (!is_news(*candidate_, state)) return;
  if (state.current != 0 && candidate_->content == state.current_content)
    return change.found(state.current, candidate_->content);
  bool made = false;
  const Result<store::ReleaseInfo> staged = store_.stage(*candidate_, highest_known(state), wall_clock_ms(), made);
  if (!staged) {
    // Where there is nothing to go on with, whoever starts the host says why.
    if (state.current == 0)
      warned_ = staged.error();
    else
      turn_down(warned_, staged.error() + goes_on(state));
    // No event tells that a disk has room again.
    look_at_ = std::min(look_at_, Clock::now() + pause_before_staging_again);
    return candidate_.reset();
  }
  warned_.clear();
  if (made) change.staged(staged->number, staged->plugin_path + ", SHA-256 " + staged->sha256);
  change.found(staged->number, staged->content);
}

// The numbers of releases whose folders somebody removed are not used again.
Releases::Release Releases::highest_known(const State& state) {
  Release highest = std::max({state.current, state.before, state.candidate});
  if (state.trial) highest = std::max(highest, state.trial->release);
  for (const rollout::Event& event : state.history) highest = std::max(highest, event.release);
  return highest;
}

std::vector<Releases::Release> Releases::needed(const State& state) {
  std::vector<Release> all{state.current, state.before, state.candidate};
  if (state.trial) all.insert(all.end(), {state.trial->release, state.trial->previous});
  return all;
}

// What the report tells of a trial is of that trial and its step alone.
void Releases::adopt(State state) {
  const Release trial = state.trial ? state.trial->release : 0;
  const std::uint32_t step = state.trial ? state.trial->step : 0;
  if (state_.current != state.current) {
    // What was on trial is what others are compared with from now on.
    report_.previous = state.current == report_.trial ? report_.tried : rollout::Tally{};
  }
  if (report_.trial != trial) {
    report_.trial = trial;
    report_.crashes = report_.failures = 0;
    report_.blame.clear();
    report_.tried = {};
    crash_in_doubt_ = false;
    report_changed_ = true;
    report_.step_records = 0;
  }
  if (report_.step != step) {
    report_.step = step;
    report_.step_records = 0;
    report_changed_ = true;
  }
  // Its file was removed: what is configured is the first release again.
  if (state_.current != 0 && state.current == 0 && state.candidate == 0) look_at_ = Clock::now();
  state_ = std::move(state);
  if (report_changed_ && report_file_) report();
  set_due();
}

// The step's time is looked at when it has passed, be it while the last decision was written. After that it is the
// records that are waited for, of which the reports tell, and shards that have gone, of which nothing tells.
void Releases::set_due() {
  due_at_ = Clock::time_point::max();
  const rollout::WallTime due = rollout::due(state_, config_.rollout);
  const rollout::WallTime now = wall_clock_ms();
  if (due == rollout::no_time) return;
  const bool is_over = due <= std::min(decided_at_, now);
  const std::chrono::milliseconds left(std::max<rollout::WallTime>(due - now, 0));
  due_at_ = Clock::now() + (is_over ? pause_before_next_look_at_trial : left);
}

// Whether the reports make anything of the trial. Only then the lock is taken.
void Releases::consider() {
  if (!state_.trial) return;
  State state = state_;
  decided_at_ = wall_clock_ms();
  Change change(state, decided_at_, shard_);
  change.decide(store::read_reports(store_.reports()).live, config_.rollout);
  if (state != state_) settle();
}

void Releases::report() {
  report_changed_ = false;
  reported_at_ = Clock::now();
  if (!report_file_) return;
  const std::string why = report_file_->write(told_report());
  if (why.empty()) return;
  report_changed_ = true;  // written again after report_interval
  warn_once(warned_of_disk_, why);
}

// Until the disk knows that a trial is undone, whoever starts next must find that as this host did.
rollout::Report Releases::told_report() const {
  rollout::Report told = report_;
  if (went_down_ != 0) told.trial = went_down_;
  return told;
}

// ---- The loop

// Where the system does not tell of every change.
void Releases::poll_if_blind() {
  const char* const limit = watch_.limit();
  if (limit == nullptr && watch_.unwatched().empty()) {
    // What has changed since the last poll, and before it was watched, is told by nothing.
    if (std::exchange(poll_at_, Clock::time_point::max()) != Clock::time_point::max())
      look_at_ = settle_at_ = Clock::now();
  } else if (poll_at_ == Clock::time_point::max()) {
    poll_at_ = Clock::now() + poll_interval;
    constexpr char no_more[] =
        "this system lets kclhost's user watch no more files: kclhost looks for a new release every 10 seconds; raise ";
    constexpr char polled[] = "; kclhost looks for a new release every 10 seconds";
    warn_once(warned_of_limit_, limit != nullptr ? std::string(no_more) + limit : watch_.unwatched() + polled);
  }
}

// Another host may have changed it. One that can't be read is read again when it is settled.
void Releases::follow_state() {
  Result<State> state = store_.state();
  if (!state) return settle_later(state.error());
  if (*state == state_) return;
  adopt(std::move(*state));
  consider();
}

bool Releases::on_readable() {
  const FileWatch::Tags tags = watch_.take();
  poll_if_blind();
  if ((tags & state_tag) != 0) follow_state();
  if ((tags & look_tag) != 0) {
    look_for_candidate();
  } else if ((tags & (config_tag | plugin_tag)) != 0) {
    look_at_ = Clock::now() + quiet;
  }
  return has_changed();
}

Clock::time_point Releases::deadline() const {
  if (wanted() != told_) return Clock::time_point::min();
  Clock::time_point next = std::min({look_at_, settle_at_, due_at_, poll_at_});
  if (report_changed_ && on_trial()) next = std::min(next, reported_at_ + report_interval);
  return next;
}

bool Releases::on_time() {
  const auto now = Clock::now();
  if (poll_at_ <= now) {
    poll_at_ = now + poll_interval;
    follow_state();
    look_at_ = now;
  }
  if (look_at_ <= now) look_for_candidate();
  if (settle_at_ <= now) settle();
  if (report_changed_ && on_trial() && reported_at_ + report_interval <= now) {
    report();
    consider();
  }
  if (due_at_ <= now) {
    if (report_changed_) report();
    consider();
    // The step is not over where the wall clock was set back.
    set_due();
  }
  return has_changed();
}

// ---- What the shard says

void Releases::taken(Release release) {
  if (replayed_) return;
  const Release before = std::exchange(report_.runs, release);
  if (before != release) report();
  const bool is_tried = state_.trial && state_.trial->release == release;
  // Another instance of what the shard runs is no news.
  if (before == release && (is_tried || state_.current != 0)) return;
  if (release != state_.current || is_tried) edit([release](Change& change) { change.took(release); });
  if (before == 0 && !is_tried) return;
  // Whatever has become of the trial meanwhile.
  ++swaps_.taken;
  log_.info("release " + std::to_string(release) + " has taken the shard over", {{"release", std::to_string(release)}});
}

void Releases::refused(Release release, const std::string& why) {
  if (replayed_) return;
  edit([release, why](Change& change) { change.refused(release, why); });
  if (state_.current != release) return;
  // Somebody promoted it, so it stays the current one.
  ++swaps_.refused;
  const std::string number = std::to_string(release);
  log_.warn(
      "release " + number + " could not take this shard over, though it was promoted; the one before goes on here",
      {{"release", number}, {"why", why}});
}

void Releases::undone(Release release, const std::string& why) {
  if (replayed_ || report_.trial != release) return;
  ++report_.failures;
  if (std::exchange(crash_in_doubt_, false)) ++report_.crashes;
  report_.blame = why;
  report();
  settle();
}

// Null: of a release that nothing is asked about.
rollout::Tally* Releases::tally_of(Release release) {
  if (replayed_ || release == 0) return nullptr;
  if (release == report_.trial) return &report_.tried;
  return release == state_.current ? &report_.previous : nullptr;
}

void Releases::called(Release release, std::uint32_t records, std::chrono::nanoseconds time, bool ok,
                      std::uint64_t resident_bytes) {
  rollout::Tally* const tally = tally_of(release);
  if (tally == nullptr) return;
  const bool tried = tally == &report_.tried;
  const std::uint64_t before = report_.step_records;
  tally->resident = std::max(tally->resident, resident_bytes);
  if (ok) {
    tally->records += records;
    tally->nanoseconds += static_cast<std::uint64_t>(std::max<std::int64_t>(time.count(), 0));
    if (tried) report_.step_records += records;
  } else {
    ++tally->failures;
    if (!tried) crash_in_doubt_ = false;  // the release before fails on it too: the records are to blame
  }
  if (!state_.trial) {
    // What others are compared with is what was lately.
    constexpr std::uint64_t most_records = 100'000;
    if (tally->records > most_records) tally->records /= 2, tally->nanoseconds /= 2;
    return;
  }
  report_changed_ = true;
  if (!tried) return;
  // What may end the step is told at once.
  const bool enough = before < config_.rollout.bake.records && report_.step_records >= config_.rollout.bake.records;
  if (!enough && Clock::now() - reported_at_ < report_interval) return;
  report();
  consider();
}

void Releases::died(Release release, bool with_records) {
  rollout::Tally* const tally = tally_of(release);
  if (tally == nullptr) return;
  ++tally->crashes;
  report_changed_ = true;
  if (tally != &report_.tried) {
    if (with_records) crash_in_doubt_ = false;
  } else if (with_records) {
    crash_in_doubt_ = true;
  } else if (report_.runs == release) {
    // Before it has the shard, it is for the shard to say that it can't take over, and why.
    ++report_.crashes;
    report_.blame = "its worker died while it had no records in hand";
    report();
    settle();
  }
}

}  // namespace kclhost::host::run
