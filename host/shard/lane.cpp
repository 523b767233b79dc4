#include "shard/lane.hpp"

#include <algorithm>

#include "shard/backoff.hpp"

namespace kclhost::host {

using Level = config::LogLevel;

Lane::Lane(Desk& desk, std::uint32_t number, std::uint32_t seed)
    : desk_(desk), number_(number), delivery_(desk.config.on_error, seed) {}

bool Lane::owns(WorkerId worker) const {
  return (instance_ && instance_->id() == worker) || (successor_ && successor_->id() == worker);
}

bool Lane::ready() const {
  return instance_ && instance_->ready() && !instance_->finished() &&
         !(successor_ && successor_->phase() == Instance::Phase::loaded);
}

void Lane::keep_up() {
  if (closing_ || desk_.ended || (instance_ && instance_->finished())) return;
  if (successor_ && successor_->phase() == Instance::Phase::loaded) swap();
  if (!instance_) {
    if (desk_.now.steady < start_at_ || desk_.looking) return;
    if (std::exchange(look_before_start_, false)) return desk_.look_for_plugin();
    return start();
  }
  if (instance_->in_call() || desk_.shard_id.empty()) return;
  if (instance_->phase() == Instance::Phase::loaded) {
    instance_->begin({.call = Call::create, .shard_id = desk_.shard_id}, desk_.config.timeouts.initialize);
  } else if (instance_->phase() == Instance::Phase::created) {
    begins_at_ = desk_.position;
    instance_->begin({.call = Call::initialize,
                      .shard_id = desk_.shard_id,
                      .sequence_number = begins_at_.sequence_number,
                      .sub_sequence_number = begins_at_.sub_sequence_number,
                      .beginning = !desk_.greeted ? Beginning::start
                                   : took_over_   ? Beginning::swap
                                                  : Beginning::restart},
                     desk_.config.timeouts.initialize);
  } else if (instance_->ready() && desk_.now.steady >= start_at_ &&
             (instance_->source() != desk_.source || (outgrown_ && !holds_records()))) {
    replace();
  }
}

void Lane::tick_if_due() {
  if (tick_at_ > desk_.now.steady || closing_ || !ready() || answer_ == Answer::pending) return;
  tick_at_ = never;
  instance_->begin({.call = Call::tick}, desk_.config.timeouts.process_records);
  if (holds_records()) write_journal(false);
}

void Lane::wants_ticks(Time interval) {
  tick_interval_ = interval;
  tick_at_ = interval.count() == 0 || instance_->in_call(Call::tick) ? never : desk_.now.steady + interval;
}

void Lane::start() {
  instance_.emplace(desk_, number_, ++generation_);
  replacement_flushed_ = outgrown_ = false;
  took_over_ = left_in_order_;
}

void Lane::replace() {
  if (!successor_ && !closing_) successor_.emplace(desk_, number_, ++generation_);
}

// The successor is loaded: the instance goes as soon as it may.
void Lane::swap() {
  if (!instance_) return promote();
  if (instance_->in_call() || instance_->phase() == Instance::Phase::ending) return;
  if (instance_->ready() && holds_records() && !replacement_flushed_) {
    // What it would checkpoint it can only finish while the daemon waits for us.
    if (flushing_ == Flush::none && (desk_.may_checkpoint || acknowledges())) flush(Flush::replacement);
    return;
  }
  if (instance_->phase() == Instance::Phase::loaded) {
    desk_.ask(action::LetGo{instance_->id()});
    instance_.reset();
    return promote();
  }
  instance_->destroy();
}

void Lane::promote() {
  instance_ = std::move(successor_);
  successor_.reset();
  replacement_flushed_ = outgrown_ = false;
  failed_replacements_ = 0;
  took_over_ = left_in_order_;
  about_ = instance_->about();
  delivery_.set_holds(about_->holds_records());
  desk_.ask(action::NamePlugin{about_->id, about_->version});
}

void Lane::close(Time limit, const std::string& why) {
  closing_ = true;
  if (successor_) {
    desk_.ask(action::LetGo{successor_->id()});
    successor_.reset();
  }
  if (!instance_ || instance_->phase() == Instance::Phase::ending) return;
  if (instance_->in_call()) return instance_->hurry(limit, why);
  if (instance_->phase() == Instance::Phase::created || instance_->phase() == Instance::Phase::ready) {
    return instance_->destroy();
  }
  let_go();
}

void Lane::let_go() {
  for (std::optional<Instance>* one : {&instance_, &successor_}) {
    if (*one) desk_.ask(action::LetGo{(*one)->id()});
    one->reset();
  }
  delivery_.interrupted();
  write_journal(false);
}

void Lane::not_started(WorkerId worker, const std::string& why) {
  if (successor_ && successor_->id() == worker) {
    successor_.reset();
    return postpone_replacement(why);
  }
  instance_.reset();
  came_to_nothing("no worker could be started: " + why, exit_stopped);
}

void Lane::loaded(WorkerId worker, const Descriptor& about) {
  const bool is_successor = successor_ && successor_->id() == worker;
  if (about.checkpoints_itself() && desk_.config.concurrency > 1) {
    const std::string why = "concurrency is " + std::to_string(desk_.config.concurrency) + " but plugin " + about.id +
                            " checkpoints for itself, which one worker alone can do: set concurrency: 1";
    if (!is_successor && desk_.proven == 0) return desk_.end(exit_usage, why);
    if (!is_successor) {
      desk_.ask(action::LetGo{worker});
      instance_.reset();
    }
    return refuse(why);
  }
  (is_successor ? *successor_ : *instance_).loaded(about);
  desk_.proven = (is_successor ? *successor_ : *instance_).source();
  if (is_successor) return;
  about_ = about;
  delivery_.set_holds(about.holds_records());
  desk_.ask(action::NamePlugin{about.id, about.version});
}

void Lane::not_loaded(WorkerId worker, const std::string& reason) {
  const std::string why = "plugin " + desk_.config.plugin.path + ": " + reason;
  if (successor_ && successor_->id() == worker) return refuse(why);
  const std::uint32_t source = instance_->source();
  instance_.reset();
  if (desk_.proven != 0 && source != desk_.proven) return refuse(why);
  if (!desk_.greeted && desk_.proven == 0) return desk_.end(exit_plugin, why);
  came_to_nothing(why, exit_plugin);
}

// The instance goes on meanwhile.
void Lane::postpone_replacement(const std::string& why) {
  const Time pause = backoff(desk_.config.on_error.retry, ++failed_replacements_, desk_.random);
  desk_.tell(Level::warn,
             "no worker could be started to replace the one there is (" + why + "); next try in " + text_of(pause));
  start_at_ = desk_.now.steady + pause;
}

// The plugin's new file can't be used: the one before it goes on.
void Lane::refuse(const std::string& why) {
  const bool replacing = successor_.has_value();
  if (successor_) {
    desk_.ask(action::LetGo{successor_->id()});
    successor_.reset();
  }
  if (replacing && desk_.source == desk_.proven) return postpone_replacement(why);
  if (desk_.proven == 0 || desk_.source == desk_.proven) return;
  desk_.source = desk_.proven;
  desk_.tell(Level::warn, "the plugin's new file is not used: " + why);
}

// The instance did not come up.
void Lane::came_to_nothing(const std::string& why, int exit_code) {
  if (instance_) {
    if (instance_->phase() == Instance::Phase::created) {
      instance_->destroy();
    } else {
      desk_.ask(action::LetGo{instance_->id()});
      instance_.reset();
    }
  }
  if (closing_) return;
  const config::Retry& retry = desk_.config.on_error.retry;
  const bool spent = ++failed_starts_ >= retry.max_attempts;
  if (spent && desk_.config.on_error.then == config::Then::stop) {
    return desk_.end(exit_code, "the plugin can't be used: " + why);
  }
  const Time pause = spent ? retry.max_backoff : backoff(retry, failed_starts_, desk_.random);
  desk_.tell(Level::error, "the plugin does not come up (" + why + "); the shard waits, next try in " + text_of(pause));
  start_at_ = desk_.now.steady + pause;
  look_before_start_ = spent;
}

void Lane::on_time() {
  if (instance_) instance_->on_time();
  settle_on_time();
  if (successor_) successor_->on_time();
}

void Lane::excuse(Time duration) {
  if (instance_) instance_->excuse(duration);
}

Time Lane::deadline(bool with_ticks) const {
  Time next = never;
  if (instance_) next = std::min(next, instance_->deadline());
  if (successor_) next = std::min(next, successor_->deadline());
  next = std::min(next, settle_by_);
  if (with_ticks && ready() && answer_ != Answer::pending && !closing_) next = std::min(next, tick_at_);
  // What could not be done when its time came waits for something else: to look again soon would be to spin.
  for (const Time at : {start_at_, waiting_ ? wake_at_ : never}) {
    if (at > desk_.now.steady && !closing_ && !desk_.looking) next = std::min(next, at);
  }
  return next;
}

void Lane::ask(const Request& request, Time timeout) {
  answer_ = Answer::pending;
  instance_->begin(request, timeout);
  if (holds_records()) write_journal(false);
}

void Lane::ask_to_flush() {
  answer_ = Answer::pending;
  flush(Flush::asked);
}

bool Lane::hurry_own_call(Time limit) {
  const bool replaced = flushing_ == Flush::replacement && instance_ && instance_->in_call(Call::flush);
  const bool busy = replaced || (instance_ && instance_->in_call(Call::tick));
  if (busy) instance_->hurry(limit, text_of(desk_.config.timeouts.shutdown));
  return busy;
}

void Lane::finish_held() {
  if (ready() && flushing_ == Flush::none) flush(Flush::alone);
}

void Lane::flush(Flush why) {
  flushing_ = why;
  const Finish reason = why == Flush::asked         ? Finish::in_flight
                        : why == Flush::replacement ? Finish::swap
                                                    : Finish::bisection;
  instance_->begin({.call = Call::flush, .finish = reason}, desk_.config.timeouts.process_records);
  if (holds_records()) write_journal(delivery_.looking_for_culprit());
}

void Lane::outcome(CallNumber number, const Outcome& outcome, std::uint64_t resident_memory) {
  if (!instance_ || !instance_->in_call() || instance_->number() != number) return;
  const Call call = instance_->call();
  instance_->over(outcome.ok());
  if (call == Call::process_records && delivery_.under_way()) return records_over(outcome, resident_memory);
  if (call == Call::flush) return flush_over(outcome);
  if (!outcome.ok() && !closing_) report(call, outcome.message, nullptr, false);
  if (call == Call::tick) {
    if (tick_interval_.count() != 0) tick_at_ = desk_.now.steady + tick_interval_;
    if (delivery_.holds()) write_journal(false);
    return;
  }
  if (call == Call::initialize && outcome.ok()) failed_starts_ = 0;
  if (call == Call::create || call == Call::initialize) {
    if (!outcome.ok()) came_to_nothing(outcome.message, call == Call::create ? exit_plugin : exit_stopped);
    return;
  }
  answer_ = outcome.ok() ? Answer::ok : Answer::failed;
  if (delivery_.holds()) write_journal(false);
}

void Lane::flush_over(const Outcome& outcome) {
  if (outcome.ok() && acknowledges() && holds_records() && !closing_) {
    // It has time to finish them on threads of its own.
    settle_by_ = desk_.now.steady + desk_.config.timeouts.process_records;
    return write_journal(false);
  }
  const Flush why = std::exchange(flushing_, Flush::none);
  if (!outcome.ok() && !closing_) report(Call::flush, outcome.message, nullptr, false);
  if (why == Flush::asked) answer_ = outcome.ok() ? Answer::ok : Answer::failed;
  if (why == Flush::replacement) replacement_flushed_ = true;
  if (why == Flush::asked || why == Flush::replacement) return write_journal(false);
  if (outcome.ok()) {
    if (why == Flush::probation) delivery_.flushed();
  } else {
    // What it holds now is anybody's guess: another instance gets it.
    failed_at("FAILED", outcome.message);
    delivery_.instance_lost(false, closing_);
    instance_->destroy();
  }
  write_journal(false);
}

// A flush that has returned is over when all is acknowledged that the instance was given.
void Lane::settle() {
  if (settle_by_ == never || holds_records()) return;
  settle_by_ = never;
  flush_over({});
}

void Lane::settle_on_time() {
  if (settle_by_ > desk_.now.steady) return;
  const std::string open = std::to_string(delivery_.accepted() - delivery_.finished());
  settle_by_ = never;
  if (flushing_ == Flush::replacement) {
    desk_.tell(
        Level::warn,
        open +
            " records are not acknowledged within timeouts.process_records after flush; the next instance gets them");
    flushing_ = Flush::none;
    replacement_flushed_ = true;
    return;
  }
  instance_->kill(Death::Kind::timeout, "ended because it did not acknowledge " + open + " records within " +
                                            text_of(desk_.config.timeouts.process_records) + " after flush");
}

void Lane::ended(WorkerId worker, const Death* death) {
  if (successor_ && successor_->id() == worker) {
    successor_.reset();
    return refuse("plugin " + desk_.config.plugin.path + ": can't be loaded: the process that tried was " +
                  (death ? death->cause() : std::string("ended")));
  }
  const Instance was = std::move(*instance_);
  instance_.reset();
  given_.clear();
  next_id_ = 0;
  settle_by_ = tick_at_ = never;
  tick_interval_ = Time(0);
  left_in_order_ = was.phase() == Instance::Phase::ending && death == nullptr;
  static const Death gone{Death::Kind::exit, 0, "ended by exit(0)", {}, true};
  const Flush flushed = std::exchange(flushing_, Flush::none);
  if (was.phase() == Instance::Phase::ending) {
    if (death != nullptr && was.in_call(Call::destroy)) report(Call::destroy, death->message, death, false);
    return lost(false, true);
  }
  if (death == nullptr) death = &gone;
  if (was.phase() == Instance::Phase::loading) {
    const std::string why = "can't be loaded: the process that tried was " + death->cause();
    instance_.emplace(was);
    return not_loaded(worker, why);
  }
  if (!was.in_call()) {
    tell_death_between_calls(*death);
    return died_idle(*death);
  }
  const Call call = was.call();
  if (call == Call::create || call == Call::initialize) {
    report(call, death->message, death, false);
    return came_to_nothing(death->cause(), call == Call::create ? exit_plugin : exit_stopped);
  }
  if (call == Call::process_records && delivery_.under_way()) return records_died(*death);
  if (call == Call::tick) {
    if (!closing_) report(call, death->message, death, false);
    return died_idle(*death);
  }
  const bool unseen = !death->call_begun && !repeating_;
  repeating_ = unseen;
  if (unseen) {
    tell_death_between_calls(*death);
  } else if (!closing_) {
    report(call, death->message, death, false);
  }
  // A flush that it died of says nothing: what it held is the policy's matter now, and another one may be asked.
  answer_ = unseen || call == Call::flush ? Answer::none : Answer::failed;
  if (call == Call::shard_ended && !unseen && !closing_) {
    // Another one tries it, as long as the daemon may wait.
    answer_ = Answer::none;
    start_at_ = desk_.now.steady + backoff(desk_.config.on_error.retry, ++failed_ends_, desk_.random);
  }
  if (call == Call::flush && flushed != Flush::none && !closing_) {
    desk_.ask(action::WriteCrashReport{was.generation(), *death, Batch{}});
  }
  if (holds_records()) failed_at("DIED", death->explained());
  lost(false, closing_);
}

// It died in no call of the daemon's: another one at once, and from the second time on after a pause.
void Lane::died_idle(const Death& death) {
  if (++idle_deaths_ > 1) {
    start_at_ = desk_.now.steady + backoff(desk_.config.on_error.retry, idle_deaths_ - 1, desk_.random);
  }
  if (holds_records()) failed_at("DIED", death.explained());
  lost(false, closing_);
}

void Lane::tell_death_between_calls(const Death& death) {
  desk_.tell(Level::error, "the worker was " + death.message + " between calls",
             {{"printed", death.words}, {"stack", joined(death.stack)}});
}

// The instance is gone, and with it what it held.
void Lane::lost(bool in_call, bool blameless) {
  delivery_.instance_lost(in_call, blameless);
  if (!blameless) waiting_ = false;
  write_journal(false);
}

void Lane::report(Call call, const std::string& message, const Death* death, bool with_records) {
  std::string text(name_of(call));
  text += death ? ": the worker was " : " failed: ";
  text += message;
  std::vector<std::pair<const char*, std::string>> fields;
  if (with_records && part_.count != 0) {
    fields.emplace_back("records", std::to_string(part_.count));
    fields.emplace_back("first", Position::of(part_, 0).str());
    fields.emplace_back("last", Position::of(part_, part_.count - 1).str());
  }
  if (death != nullptr) {
    fields.emplace_back("printed", death->words);
    fields.emplace_back("stack", joined(death->stack));
  }
  desk_.tell(Level::error, std::move(text), std::move(fields));
}

}  // namespace kclhost::host
