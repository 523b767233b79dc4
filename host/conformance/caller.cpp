#include "conformance/caller.hpp"

#include <algorithm>

#include "config/units.hpp"

namespace kclhost::host::conformance {
bool Caller::wait(const std::function<bool()>& done) {
  auto give_up = Clock::now() + subject_.timeout;
  while (!done() && !over_) {
    loop_.turn(std::min(give_up, life_->deadline()));
    const auto now = Clock::now();
    life_->on_time(now);
    if (now < give_up) continue;
    // What runs on a thread of this process can't be ended.
    if (in_ == In::this_process) return false;
    give_up = Clock::time_point::max();
    life_->kill(Death::Kind::timeout, "ended because " + std::string(name_of(call_)) + " took longer than " +
                                          config::format_duration(subject_.timeout));
  }
  return done();
}

bool Caller::load(const std::string& config_json) {
  const worker::Spec spec{.staged_path = subject_.path(),
                          .plugin_path = subject_.path(),
                          .config_json = config_json,
                          .application = "conformance",
                          .stream = "conformance",
                          .outlives_destroy = true};
  const auto start = in_ == In::own_process ? worker::start_process : worker::start_thread;
  auto started = start(WorkerId{1}, spec, loop_, &buffer_, *this);
  if (!started) {
    why_not_loaded_ = started.error();
    return false;
  }
  life_ = std::move(*started);
  return wait([this] { return loaded_; });
}

bool Caller::begin(Call call, std::span<const Record> records) {
  if (!alive()) return false;
  const auto batch = lay_out(records, buffer_);
  if (!batch) return false;
  outcome_.reset();
  call_ = call;
  if (call == Call::create) next_record_ = 0;
  Request request{.call = call, .shard_id = "shardId-000000000007", .sequence_number = "TRIM_HORIZON"};
  if (call == Call::process_records) {
    request.batch = *batch;
    request.first_id = next_record_;
    request.oldest_id = next_record_;
    next_record_ += records.size();
  }
  life_->call(++number_, request);
  return true;
}

std::optional<Outcome> Caller::finish() {
  if (!alive() || !wait([this] { return outcome_.has_value(); })) return std::nullopt;
  if (call_ != Call::process_records) allocated_ = outcome_->allocated;
  return outcome_;
}

void Caller::listen(config::Milliseconds time) {
  for (const auto until = Clock::now() + time; alive() && Clock::now() < until;) {
    loop_.turn(until);
    life_->on_time(Clock::now());
  }
}

std::optional<Outcome> Caller::call(Call call, std::span<const Record> records) {
  return begin(call, records) ? finish() : std::nullopt;
}

}  // namespace kclhost::host::conformance
