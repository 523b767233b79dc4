#include "shard/instance.hpp"

namespace kclhost::host {
namespace {

// What a call gets between should_stop and its end by force.
constexpr Time grace{1'000};

}  // namespace

Instance::Instance(Desk& desk, std::uint32_t lane, std::uint32_t release, std::uint32_t generation)
    : desk_(&desk), id_(desk.new_worker()), release_(release), generation_(generation) {
  timeout_ = desk.config.timeouts.initialize;
  deadline_ = desk.now.steady + timeout_;
  desk_->ask(action::StartWorker{id_, lane, release_});
}

bool Instance::may_checkpoint() const {
  return in_call(Call::process_records) || in_call(Call::shard_ended) || in_call(Call::shutdown_requested) ||
         in_call(Call::flush) || in_call(Call::tick);
}

void Instance::begin(const Request& request, Time timeout) {
  call_ = request.call;
  in_call_ = true;
  timeout_ = timeout;
  began_ = desk_->now.steady;
  waits_since_ = never;
  deadline_ = began_ + timeout;
  grace_ = grace;
  late_.clear();
  is_cut_short_ = asked_to_stop_ = false;
  // Where nothing can end it, it may come out of a call that took too long.
  if (desk_->config.isolation == config::Isolation::none) killed_ = false;
  finished_ |= request.call == Call::shard_ended || request.call == Call::lease_lost;
  Request with_time = request;
  with_time.timeout_ms = static_cast<std::uint32_t>(std::min<std::int64_t>(timeout.count(), UINT32_MAX));
  desk_->ask(action::CallWorker{id_, ++number_, with_time});
}

void Instance::cut_short(std::string why) {
  is_cut_short_ = true;
  grace_ = std::min(grace, timeout_ / 10);
  late_ = std::move(why);
}

void Instance::destroy() {
  const bool was_created = phase_ == Phase::created || phase_ == Phase::ready;
  phase_ = Phase::ending;
  if (was_created) {
    begin({.call = Call::destroy}, desk_->config.timeouts.shutdown);
  } else {
    kill(Death::Kind::timeout, "let go");
  }
}

void Instance::hurry(Time limit, std::string why) {
  if (!asked_to_stop_) desk_->ask(action::RequestStop{id_, Stop::end});
  asked_to_stop_ = true;
  deadline_ = std::min(deadline_, limit);
  late_ = std::move(why);
}

void Instance::kill(Death::Kind kind, std::string message) {
  if (killed_) return;
  killed_ = true;
  desk_->ask(action::KillWorker{id_, kind, std::move(message), is_cut_short_ || condemned_});
}

void Instance::condemn(std::string message) {
  condemned_ = true;
  kill(Death::Kind::misbehaved, std::move(message));
}

void Instance::loaded(const Descriptor& about) {
  about_ = about;
  phase_ = Phase::loaded;
  deadline_ = never;
}

void Instance::over(bool ok) {
  if (ok && call_ == Call::create) phase_ = Phase::created;
  if (ok && call_ == Call::initialize) phase_ = Phase::ready;
  in_call_ = false;
  over_at_ = desk_->now.steady;
  is_cut_short_ &= !ok;
  deadline_ = never;
}

void Instance::waits() {
  if (waits_since_ == never) waits_since_ = desk_->now.steady;
}

void Instance::goes_on() {
  const Time since = std::exchange(waits_since_, never);
  if (since == never) return;
  began_ += desk_->now.steady - since;
  if (deadline_ != never && !asked_to_stop_) deadline_ += desk_->now.steady - since;
}

void Instance::wants_ticks(Time interval) {
  // One more than asked for: this clock knows whole milliseconds, and a tick must not come a part of one early.
  tick_interval_ = interval.count() == 0 ? interval : interval + Time(1);
  tick_at_ = interval.count() == 0 || in_call(Call::tick) ? never : desk_->now.steady + tick_interval_;
}

void Instance::tick_is_over() {
  if (tick_interval_.count() != 0) tick_at_ = desk_->now.steady + tick_interval_;
}

void Instance::on_time() {
  if (desk_->now.steady < deadline()) return;
  if (phase_ == Phase::loading)
    return kill(Death::Kind::timeout, "ended because it took longer than timeouts.initialize");
  if (!asked_to_stop_) {
    asked_to_stop_ = true;
    deadline_ += grace_;
    desk_->ask(action::RequestStop{id_, Stop::deadline});
    return;
  }
  kill(Death::Kind::timeout, "ended because " + std::string(name_of(call_)) + " took longer than " +
                                 (late_.empty() ? text_of(timeout_) : late_));
}

}  // namespace kclhost::host
