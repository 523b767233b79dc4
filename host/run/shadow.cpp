#include "run/shadow.hpp"

#include <algorithm>
#include <utility>

#include "hub/own_series.hpp"
#include "plugin/cures.hpp"
#include "plugin/file.hpp"
#include "run/batch_copy.hpp"
#include "run/worker_spec.hpp"
#include "shard/backoff.hpp"
#include "support/random_seed.hpp"

namespace kclhost::host::run {
namespace {

using namespace std::chrono_literals;

// Between two starts: forking, and the lines about it, must cost the shard nothing that counts.
constexpr config::Retry pauses{1, 1s, 60s};
// The copy's memory goes when no batch has come for so long, as that of the daemon's batches does.
constexpr auto silence_before_freeing = 4s;
// Of its own lines, within a second: they share the log's memory with the plugin's.
constexpr std::uint32_t most_lines = 20;

Time steady(Clock::time_point clock) {
  return std::chrono::duration_cast<Time>(clock.time_since_epoch());
}

Clock::time_point clock_at(Time time) {
  if (time == host::never) return Clock::time_point::max();
  return Clock::time_point(std::chrono::duration_cast<Clock::duration>(time));
}

}  // namespace

Shadow::Shadow(const config::Config& config, const std::optional<worker::User>& user, observe::Log& log,
               EventLoop& loop, std::function<void()> changed)
    : config_(config),
      user_(user),
      log_(log),
      loop_(loop),
      changed_(std::move(changed)),
      counts_(log),
      desk_(config, memory_, random_seed()) {
  if (const std::string why = take_copy(); !why.empty()) leave_out(why);
}

Shadow::~Shadow() = default;

// "" or why not.
std::string Shadow::take_copy() {
  const Result<plugin::File> file = plugin::find_shadow(config_);
  if (!file) return file.error();
  Result<plugin::TemporaryCopy> copy = plugin::TemporaryCopy::make(*file, config_.state_dir);
  if (!copy) return copy.error();
  copy_.emplace(std::move(*copy));
  return {};
}

void Shadow::leave_out(const std::string& why) {
  copy_.reset();
  tell_none(log_, why);
}

void Shadow::tell_none(observe::Log& log, const std::string& why) {
  log.error("there is no shadow, and the shard goes on without: " + why);
}

void Shadow::begin(std::string_view shard_id, const Position& at) {
  desk_.shard_id = shard_id;
  desk_.position = at;
  start_at_ = steady(Clock::now());
}

// ---- The worker

void Shadow::tell_time(Clock::time_point now) {
  desk_.now.steady = steady(now);
}

// Takes the worker as far as it can come now.
void Shadow::keep_up() {
  if (!copy_ || desk_.shard_id.empty() || buried_ || !given_up_.empty()) return;
  if (!instance_) {
    if (desk_.now.steady < start_at_) return;
    began_at_ = desk_.now.steady;
    instance_.emplace(desk_, 0, 0, ++generation_);
    return carry_out();
  }
  if (instance_->in_call()) return;
  const auto& timeouts = config_.timeouts;
  switch (instance_->phase()) {
    case Instance::Phase::loaded:
      instance_->begin({.call = Call::create, .shard_id = desk_.shard_id}, timeouts.initialize);
      break;
    case Instance::Phase::created:
      instance_->begin({.call = Call::initialize,
                        .shard_id = desk_.shard_id,
                        .sequence_number = desk_.position.sequence_number,
                        .sub_sequence_number = desk_.position.sub_sequence_number,
                        .beginning = generation_ == 1 ? Beginning::start : Beginning::restart},
                       timeouts.initialize);
      break;
    case Instance::Phase::ready:
      if (holds_too_much()) {
        instance_->begin({.call = Call::flush, .finish = Finish::in_flight}, timeouts.process_records);
      } else if (instance_->tick_at() <= desk_.now.steady) {
        instance_->tick_begins();
        instance_->begin({.call = Call::tick}, timeouts.process_records);
      }
      break;
    default:
      break;
  }
  carry_out();
}

void Shadow::carry_out() {
  Actions acting;
  acting.swap(desk_.actions);
  for (const Action& one : acting) {
    if (const auto* start = std::get_if<action::StartWorker>(&one)) start_worker(*start);
    if (!life_) continue;
    if (const auto* call = std::get_if<action::CallWorker>(&one)) life_->call(call->number, call->request);
    if (const auto* stop = std::get_if<action::RequestStop>(&one)) life_->request_stop(stop->why);
    if (const auto* kill = std::get_if<action::KillWorker>(&one)) life_->kill(kill->kind, kill->message);
  }
}

void Shadow::start_worker(const action::StartWorker& start) {
  worker::Spec spec = worker_spec(config_, user_);
  spec.staged_path = copy_->path().string();
  spec.plugin_path = config_.shadow.path;
  spec.config_json = config_.shadow.config_json;
  spec.shadow = true;
  auto started = worker::start_process(start.worker, std::move(spec), loop_, &buffer_, *this);
  if (!started) return gone("the shadow does not start: " + started.error(), nullptr);
  life_ = std::move(*started);
}

// The worker is of no more use, whatever it still says; `ended` follows.
void Shadow::give_up(std::string what) {
  given_up_ = std::move(what);
  life_->kill(Death::Kind::misbehaved, "given up");
}

// The worker is no more. Another one is started after a pause.
void Shadow::gone(const std::string& what, const Death* death) {
  if (std::exchange(with_records_, false)) counts_.over(ShadowCounts::Outcome::died, what);
  counts_.died();
  release_at_ = Clock::now() + silence_before_freeing;
  if (desk_.now.steady - began_at_ > pauses.max_backoff) failures_ = 0;
  const auto pause = backoff(pauses, ++failures_, desk_.random);
  start_at_ = desk_.now.steady + pause;
  instance_.reset();
  given_up_.clear();
  next_id_ = oldest_id_ = 0;
  finished_ = {};
  held_ = {};
  cramped_ = false;
  log_.warn(what + "; the next one starts in " + text_of(pause),
            {{"printed", death != nullptr ? death->words : ""}, {"stack", death != nullptr ? death->place : ""}});
  changed_();
}

void Shadow::loaded(WorkerId, const Descriptor& about) {
  if (!given_up_.empty()) return;
  tell_time(Clock::now());
  name_ = about.id + " " + about.version;
  instance_->loaded(about);
  keep_up();
}

// It is the same each time, so there is no next one.
void Shadow::not_loaded(WorkerId, const std::string& why) {
  leave_out("plugin " + config_.shadow.path + " " + plugin::with_cure(why));
}

void Shadow::outcome(WorkerId, CallNumber number, const Outcome& outcome) {
  if (!given_up_.empty() || !instance_ || number != instance_->number() || !instance_->in_call()) return;
  tell_time(Clock::now());
  const Call call = instance_->call();
  instance_->over(outcome.ok());
  if (call == Call::create || call == Call::initialize) {
    if (!outcome.ok()) return give_up("the shadow's " + std::string(name_of(call)) + " failed: " + outcome.message);
  } else if (call == Call::process_records) {
    finish_batch(outcome);
    const auto& most = config_.worker.max_memory;
    if (most && life_->resident_memory() > *most) return give_up("the shadow has outgrown worker.max_memory");
  } else {
    if (call == Call::tick) instance_->tick_is_over();
    if (call == Call::flush) held_ = {};
    if (call == Call::flush) cramped_ = false;
    if (!outcome.ok())
      log_.warn("the shadow's " + std::string(name_of(call)) + " failed", {{"error", outcome.message}});
  }
  keep_up();
}

void Shadow::ended(WorkerId, const Death* death) {
  buried_ = true;
  with_records_ &= copy_.has_value();
  if (!copy_) return instance_.reset();
  tell_time(Clock::now());
  if (!given_up_.empty()) return gone(std::string(given_up_), nullptr);
  gone("the shadow was " + (death != nullptr ? death->message : std::string("ended")), death);
}

// Nothing of it goes further; and what would be refused to another plugin is no news of this one.
void Shadow::wants_checkpoint(WorkerId, CallNumber call, std::optional<std::string_view> sequence_number,
                              std::int64_t) {
  if (!sequence_number) held_ = {};
  life_->answer_checkpoint(call, {});
}

void Shadow::wants_ticks(WorkerId, std::uint32_t interval_ms) {
  if (instance_) instance_->wants_ticks(Time(interval_ms));
}

// ---- Records

void Shadow::offer(const Batch& batch) {
  tell_time(Clock::now());
  const bool is_ready = instance_ && instance_->ready() && given_up_.empty();
  if (batch.count == 0) {
    if (!is_ready || !instance_->about().wants_empty_batches()) return;
    instance_->begin({.call = Call::process_records, .batch = batch, .first_id = next_id_, .oldest_id = oldest_id_},
                     config_.timeouts.process_records);
    return carry_out();
  }
  desk_.position = Position::of(batch, batch.count - 1);
  cramped_ = is_ready && !has_room(batch);
  const auto copy = is_ready && !cramped_ ? copy_batch(batch, memory_) : std::nullopt;
  changed_();
  if (!copy) {
    counts_.skipped();
    return keep_up();
  }
  release_at_ = Clock::time_point::max();
  counts_.given(*copy);
  for (std::uint32_t i = 0; i < copy->count; ++i) held_.add(copy->entry(i));
  with_records_ = true;
  batch_id_ = next_id_;
  call_began_ = Clock::now();
  instance_->begin({.call = Call::process_records,
                    .batch = *copy,
                    .first_id = std::exchange(next_id_, next_id_ + copy->count),
                    .oldest_id = oldest_id_},
                   config_.timeouts.process_records);
  carry_out();
}

void Shadow::finish_batch(const Outcome& outcome) {
  release_at_ = Clock::now() + silence_before_freeing;
  if (!std::exchange(with_records_, false)) return;
  counts_.took(std::chrono::duration<double>(Clock::now() - call_began_).count());
  counts_.over(outcome.ok() ? ShadowCounts::Outcome::accepted : ShadowCounts::Outcome::failed, outcome.message);
  // What it failed at is not given again, and it may never acknowledge it.
  if (!outcome.ok() && instance_->about().acknowledges()) finish_records(batch_id_, next_id_ - batch_id_);
  changed_();
}

// Of a plugin that acknowledges: its worker has so much memory to do it in.
bool Shadow::has_room(const Batch& batch) const {
  const std::uint32_t most = instance_->about().most_open;
  return most == 0 || next_id_ - oldest_id_ + batch.count <= most;
}

bool Shadow::holds_too_much() const {
  if (!instance_->about().holds_records()) return false;
  return cramped_ || held_.records >= config_.in_flight.max_records || held_.bytes >= config_.in_flight.max_bytes;
}

void Shadow::acknowledged(WorkerId, RecordId first, std::uint64_t count) {
  finish_records(first, count);
}

void Shadow::rejected(WorkerId, RecordId record, std::string_view reason) {
  if (instance_ && instance_->about().acknowledges()) finish_records(record, 1);
  counts_.rejected("it rejects a record: " + std::string(reason));
  changed_();
}

void Shadow::finish_records(RecordId first, std::uint64_t count) {
  const RecordId from = std::max(first, oldest_id_), to = std::min(first + count, next_id_);
  if (from >= to) return;
  finished_.add(static_cast<std::uint32_t>(from - oldest_id_), static_cast<std::uint32_t>(to - oldest_id_));
  const std::uint32_t gone = finished_.end_of_run(0);
  finished_.drop(gone);
  oldest_id_ += gone;
  if (oldest_id_ == next_id_) held_ = {};
}

// ---- Its lines

void Shadow::tell_left_out() {
  const std::uint32_t more = std::exchange(lines_left_out_, 0);
  if (more == 0) return;
  log_.write(observe::Level::info, "shadow", "and " + std::to_string(more) + " more lines", {{"shadow", name_}});
}

bool Shadow::may_write(Clock::time_point now) {
  if (now - lines_since_ >= 1s) {
    tell_left_out();
    lines_since_ = now;
    lines_ = 0;
  }
  if (lines_ < most_lines) return ++lines_, true;
  ++lines_left_out_;
  return false;
}

void Shadow::log(WorkerId, std::int32_t level, std::string_view source, std::string_view text) {
  const auto its_level =
      static_cast<observe::Level>(std::clamp<std::int32_t>(level, KCLHOST_LOG_TRACE, KCLHOST_LOG_ERROR));
  if (!log_.enabled(its_level) || !may_write(Clock::now())) return;
  log_.write(its_level, "shadow", text, {{"shadow", name_}, {"from", source}});
}

// ---- Time

Clock::time_point Shadow::deadline() const {
  if (buried_) return Clock::time_point::min();
  Clock::time_point next = release_at_;
  if (life_) next = std::min(next, life_->deadline());
  if (instance_) {
    next = std::min(next, clock_at(instance_->deadline()));
    if (instance_->ready() && given_up_.empty()) next = std::min(next, clock_at(instance_->tick_at()));
  } else if (copy_ && !desk_.shard_id.empty()) {
    next = std::min(next, clock_at(start_at_));
  }
  return next;
}

void Shadow::on_time(Clock::time_point now) {
  if (deadline() > now) return;
  tell_time(now);
  if (std::exchange(buried_, false)) life_.reset();
  if (now >= release_at_) {
    release_at_ = Clock::time_point::max();
    if (!with_records_) buffer_.release();
  }
  if (life_ && life_->deadline() <= now) life_->on_time(now);
  if (instance_ && instance_->deadline() <= desk_.now.steady) {
    instance_->on_time();
    carry_out();
  }
  keep_up();
}

void Shadow::add_to(std::vector<hub::Series>& all) const {
  counts_.add_to(all);
  hub::Reading memory;
  memory.value = static_cast<double>(life_ ? life_->resident_memory() : 0);
  all.push_back({hub::own::memory, {{"process", "shadow"}}, std::move(memory)});
}

void Shadow::end() {
  instance_.reset();
  life_.reset();
  tell_left_out();
  counts_.tell();
}

}  // namespace kclhost::host::run
