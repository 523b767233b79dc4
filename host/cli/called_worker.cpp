#include "cli/called_worker.hpp"

#include <algorithm>

#include "config/units.hpp"
#include "support/one_line.hpp"

namespace kclhost::host::cli {
namespace {

// What a call gets between should_stop and its end by force.
constexpr config::Milliseconds grace_after_timeout{1'000};

}  // namespace

template <class Done>
CalledWorker::Waited CalledWorker::wait(Done&& done, Clock::time_point deadline, config::Milliseconds patience) {
  for (;;) {
    if (done()) return Waited::done;
    Clock::time_point until = deadline;
    if (interruption_.wanted()) until = std::min(until, interruption_.since() + patience);
    const auto now = Clock::now();
    if (interruption_.wanted_at_once() || (now >= until && until != deadline)) return Waited::interrupted;
    if (now >= until) return Waited::late;
    loop_.turn(std::min(until, life_->deadline()));
    life_->on_time(Clock::now());
  }
}

template <class Done>
bool CalledWorker::finish(Done&& done, config::Milliseconds timeout, config::Milliseconds patience,
                          const std::string& what) {
  Waited waited = wait(done, Clock::now() + timeout, patience);
  if (waited == Waited::late) {
    life_->request_stop(Stop::deadline);
    waited = wait(done, Clock::now() + grace_after_timeout, patience);
    if (waited == Waited::late) {
      end_by_force("ended because " + what + " took longer than " + config::format_duration(timeout));
    }
  }
  if (waited == Waited::interrupted) end_by_force("ended because the command was interrupted");
  return waited == Waited::interrupted;
}

void CalledWorker::end_by_force(const std::string& message) {
  life_->kill(Death::Kind::timeout, message);
  while (!over_) {
    loop_.turn(life_->deadline());
    life_->on_time(Clock::now());
  }
}

CalledWorker::Called CalledWorker::load(worker::Spec spec, config::Milliseconds timeout,
                                        config::Milliseconds patience) {
  life_.reset();
  loaded_ = over_ = false;
  why_not_loaded_.clear();
  death_.reset();
  number_ = 0;
  next_record_ = 0;
  tick_interval_ = config::Milliseconds(0);
  last_ = WorkerId{generation() + 1};
  auto started = worker::start_process(last_, std::move(spec), loop_, &batch_, *this);
  if (!started) return {.code = "FAILED", .message = started.error()};
  life_ = std::move(*started);
  const bool given_up = finish([this] { return loaded_ || over_; }, timeout, patience, "loading the plugin");
  if (loaded_ && !over_) return {.ok = true};
  Called called = end();
  called.given_up = given_up;
  called.message = death_ ? "can't be loaded: the process that tried was " + called.message : why_not_loaded_;
  return called;
}

CalledWorker::Called CalledWorker::call(const Request& request, config::Milliseconds timeout,
                                        config::Milliseconds patience) {
  outcome_.reset();
  Request timed = request;
  timed.timeout_ms = static_cast<std::uint32_t>(std::min<std::int64_t>(timeout.count(), UINT32_MAX));
  timed.first_id = std::exchange(next_record_, next_record_ + request.batch.count);
  life_->call(++number_, timed);
  const bool given_up =
      finish([this] { return outcome_ || over_; }, timeout, patience, std::string(name_of(request.call)));
  if (!outcome_) {
    Called called = end();
    called.given_up = given_up;
    return called;
  }
  if (outcome_->ok()) return {.ok = true};
  return {.code = "FAILED", .message = one_line(outcome_->message)};
}

void CalledWorker::wait_for(const std::function<bool()>& done, config::Milliseconds timeout) {
  const auto deadline = Clock::now() + timeout;
  while (alive() && !done()) {
    const auto tick_at = tick_interval_.count() == 0 ? deadline : Clock::now() + tick_interval_;
    const Waited waited = wait([&] { return over_ || done(); }, std::min(deadline, tick_at), no_hurry);
    if (waited == Waited::interrupted || Clock::now() >= deadline) return;
    if (waited == Waited::late) call({.call = Call::tick}, timeout, no_hurry);
  }
}

void CalledWorker::destroy(config::Milliseconds timeout) {
  if (!alive()) return;
  life_->call(++number_, {.call = Call::destroy});
  finish([this] { return over_; }, timeout, no_hurry, "destroy");
}

CalledWorker::Called CalledWorker::end() const {
  return {.code = "DIED", .message = death_ ? one_line(death_->explained()) : ""};
}

void CalledWorker::wants_checkpoint(WorkerId, CallNumber call, std::optional<std::string_view> sequence_number,
                                    std::int64_t sub_sequence_number) {
  custody_.checkpointed(sequence_number, sub_sequence_number);
  life_->answer_checkpoint(call, {});
}

void CalledWorker::log(WorkerId, std::int32_t level, std::string_view source, std::string_view text) {
  log_.write(static_cast<observe::Level>(level), source, text);
}

void CalledWorker::ended(WorkerId, const Death* death) {
  over_ = true;
  if (death != nullptr) death_ = *death;
}

}  // namespace kclhost::host::cli
