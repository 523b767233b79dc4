#include "session/lane.hpp"

#include <random>

#include "policy/backoff.hpp"
#include "session/stop.hpp"
#include "support/exit_code.hpp"
#include "support/random_seed.hpp"

namespace kclhost::host::session {
namespace {

using processor::Call;
using processor::Outcome;

// What a call gets between should_stop and its end by force.
constexpr config::Milliseconds grace_after_timeout{1'000};

std::string text_of(config::Milliseconds duration) {
  const auto ms = duration.count();
  return ms % 1000 == 0 ? std::to_string(ms / 1000) + "s" : std::to_string(ms) + "ms";
}

std::string joined(const std::vector<std::string>& stack) {
  std::string text;
  for (const std::string& frame : stack) text += (text.empty() ? "" : " < ") + frame;
  return text;
}

}  // namespace

Lane::Lane(const config::Config& config, observe::Log& log, EventLoop& loop, const DaemonLink& daemon,
           PluginSource& source)
    : config_(config), log_(log), loop_(loop), daemon_(daemon), source_(source), processor_(source.start()) {}

void Lane::load() {
  source_.finish(*processor_);
  loaded_ = true;
}

void Lane::bring_up(const Start& start) {
  // What has happened by now comes first: records given to a worker that is dead already would count as a failed try.
  loop_.run_until([] { return false; }, Clock::now());
  if (initialized_ && processor_->alive()) return;
  std::minstd_rand random{random_seed()};
  const config::Retry& retry = config_.on_error.retry;
  for (int attempt = 1;; ++attempt) {
    std::string why;
    int exit_code = exit_stopped;
    if (try_to_bring_up(start, why, exit_code)) return;
    const bool spent = attempt >= retry.max_attempts;
    if (spent && config_.on_error.then == config::Then::stop) throw Stop(exit_code, "the plugin can't be used: " + why);
    const config::Milliseconds wait = spent ? retry.max_backoff : policy::backoff(retry, attempt, random);
    log_.error("the plugin does not come up (" + why + "); the shard waits, next try in " + text_of(wait));
    if (loop_.run_until([this] { return daemon_.ended(); }, Clock::now() + wait)) {
      throw Stop(exit_broken_pipe, "the daemon went away while the shard waited for the plugin");
    }
    if (spent) renew_if_file_changed();
  }
}

bool Lane::try_to_bring_up(const Start& start, std::string& why, int& exit_code) {
  if (!processor_->alive()) restart();
  if (initialized_) return true;
  if (!created_) {
    const Outcome& outcome = call({.call = Call::create}, config_.timeouts.initialize);
    if (!outcome.ok()) {
      report(outcome, nullptr);
      why = outcome.message;
      exit_code = exit_plugin;
      return false;
    }
    created_ = true;
  }
  const Outcome& outcome = call({.call = Call::initialize,
                                 .shard_id = start.shard_id,
                                 .sequence_number = start.position.sequence_number,
                                 .sub_sequence_number = start.position.sub_sequence_number,
                                 .hand_over = start.hand_over},
                                config_.timeouts.initialize);
  initialized_ = outcome.ok();
  if (initialized_) return true;
  report(outcome, nullptr);
  why = outcome.message;
  // initialize is called once in an instance's life: what failed is let go.
  retire();
  return false;
}

void Lane::restart() {
  // A death during a call was told as that call's failure.
  if (processor_->outcome().death && !death_told_) {
    log_.error("the worker was " + processor_->outcome().death->cause + " between calls",
               {{"stack", joined(processor_->outcome().death->stack)}});
  }
  death_told_ = false;
  loaded_ = created_ = initialized_ = false;
  processor_ = source_.start();
  ++generation_;
  load();
}

void Lane::renew_if_file_changed() {
  if (config_.isolation == config::Isolation::none || !source_.refresh(log_)) return;
  retire();
  restart();
  log_.set_plugin(descriptor().id, descriptor().version);
}

void Lane::retire() {
  if (!processor_->alive()) return;
  if (created_) {
    const Outcome& outcome = call({.call = Call::destroy}, config_.timeouts.shutdown);
    if (!outcome.ok()) report(outcome, nullptr);
  }
  created_ = initialized_ = false;
}

const Outcome& Lane::call(const processor::Request& request, config::Milliseconds timeout) {
  begin(request, timeout);
  while (!over()) {
    loop_.run_until([this] { return !processor_->busy() || daemon_.ended(); }, deadline_);
    if (daemon_.ended() && processor_->busy()) {
      abandon();
      if (request.call != Call::destroy) {
        throw Stop(exit_broken_pipe, "the daemon went away while " + std::string(processor::name_of(request.call)) +
                                         " was under way; nothing of it is acknowledged");
      }
    }
  }
  return processor_->outcome();
}

void Lane::begin(const processor::Request& request, config::Milliseconds timeout) {
  call_ = request.call;
  timeout_ = timeout;
  deadline_ = Clock::now() + timeout;
  asked_to_stop_ = false;
  processor_->start(request);
}

bool Lane::over() {
  if (!processor_->busy()) return true;
  if (Clock::now() < deadline_) return false;
  if (!asked_to_stop_) {
    asked_to_stop_ = true;
    deadline_ += grace_after_timeout;
    processor_->request_stop();
    return false;
  }
  processor_->abort("ended because " + std::string(processor::name_of(call_)) + " took longer than " +
                    text_of(timeout_));
  return true;
}

bool Lane::must_repeat() {
  const auto& death = processor_->outcome().death;
  repeating_ = death && !death->call_begun && !repeating_;
  return repeating_;
}

void Lane::abandon() {
  processor_->request_stop();
  const auto idle = [this] { return !processor_->busy(); };
  if (loop_.run_until(idle, Clock::now() + config_.timeouts.shutdown)) return;
  processor_->abort("ended because " + std::string(processor::name_of(call_)) + " took longer than " +
                    text_of(config_.timeouts.shutdown) + " after the daemon went away");
}

void Lane::report(const Outcome& outcome, const Batch* batch) {
  std::string text(processor::name_of(call_));
  text += outcome.death ? ": the worker was " : " failed: ";
  text += outcome.message;
  if (outcome.death) death_told_ = true;
  const std::string stack = outcome.death ? joined(outcome.death->stack) : "";
  std::string count, first, last;
  if (batch != nullptr && batch->count != 0) {
    count = std::to_string(batch->count);
    first = Position::of(*batch, 0).str();
    last = Position::of(*batch, batch->count - 1).str();
  }
  log_.error(text, {{"records", count}, {"first", first}, {"last", last}, {"stack", stack}});
}

}  // namespace kclhost::host::session
