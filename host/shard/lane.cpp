#include "shard/lane.hpp"

#include <algorithm>

#include "shard/backoff.hpp"

namespace kclhost::host {

using Level = config::LogLevel;

Lane::Lane(Desk& desk, std::uint32_t number, std::uint32_t seed)
    : desk_(desk), number_(number), delivery_(desk.config.on_error, seed) {}

bool Lane::is(const std::optional<Instance>& one, WorkerId worker) {
  return one && one->id() == worker;
}

const Instance* Lane::find(WorkerId worker) const {
  for (const std::optional<Instance>* one : {&instance_, &successor_, &leaving_, &standby_}) {
    if (is(*one, worker)) return &**one;
  }
  return nullptr;
}

bool Lane::ready() const {
  return instance_ && instance_->ready() && !instance_->finished() && !taking_over();
}

// What the instance would checkpoint it can only finish while the daemon waits for us.
bool Lane::may_flush() const {
  return desk_.may_checkpoint || acknowledges();
}

// From now on the instance is given nothing more.
bool Lane::taking_over() const {
  if (!successor_) return false;
  if (successor_->in_call(Call::initialize) || successor_->ready()) return true;
  const bool is_next = successor_->phase() == Instance::Phase::created && !successor_->in_call() && !awaits_standby();
  const bool must_wait = holds_open_records() && !replacement_flushed_ && flushing_ == Flush::none && !may_flush();
  return is_next && !must_wait;
}

void Lane::keep_up() {
  if (closing_ || desk_.ended || desk_.lease_lost || (instance_ && instance_->finished())) return;
  judge();
  keep_standby();
  if (successor_ && instance_ && successor_->release() != wanted_release()) call_off();
  if (successor_) swap();
  if (!instance_) {
    if (desk_.now.steady < start_at_ || desk_.looking) return;
    if (std::exchange(look_before_start_, false)) return desk_.look_for_release();
    start();
  }
  if (instance_->in_call() || desk_.shard_id.empty()) return;
  if (instance_->phase() == Instance::Phase::loaded) {
    create(*instance_);
  } else if (instance_->phase() == Instance::Phase::created) {
    initialize(*instance_, desk_.config.timeouts.initialize);
  } else if (instance_->ready() && desk_.now.steady >= start_at_ &&
             (instance_->release() != wanted_release() || outgrown_)) {
    replace();
  }
}

void Lane::create(Instance& one) const {
  one.begin({.call = Call::create, .shard_id = desk_.shard_id}, desk_.config.timeouts.initialize);
}

void Lane::initialize(Instance& one, Time timeout) {
  begins_at_ = desk_.position;
  one.begin({.call = Call::initialize,
             .shard_id = desk_.shard_id,
             .sequence_number = begins_at_.sequence_number,
             .sub_sequence_number = begins_at_.sub_sequence_number,
             .beginning = !desk_.greeted ? Beginning::start
                          : took_over_   ? Beginning::swap
                                         : Beginning::restart},
            timeout);
}

void Lane::tick_if_due() {
  if (closing_ || !ready() || instance_->tick_at() > desk_.now.steady || answer_ == Answer::pending) return;
  instance_->tick_begins();
  begin_in_time({.call = Call::tick});
  if (holds_records()) write_journal(false);
}

void Lane::wants_ticks(WorkerId worker, Time interval) {
  for (std::optional<Instance>* one : {&instance_, &successor_, &standby_}) {
    if (is(*one, worker)) (*one)->wants_ticks(interval);
  }
}

// What waits already is taken first: what is wanted may take over from that.
void Lane::start() {
  if (standby_ && (standby_->release() == wanted_release() || standby_->phase() == Instance::Phase::created)) {
    instance_ = std::exchange(standby_, std::nullopt);
    if (instance_->phase() != Instance::Phase::loading) serves();
  } else {
    instance_.emplace(desk_, number_, wanted_release(), ++generation_);
  }
  replacement_flushed_ = outgrown_ = false;
  took_over_ = left_in_order_;
}

// The instance at hand is of this plugin.
void Lane::serves() {
  about_ = instance_->about();
  delivery_.set_holds(about_->holds_records());
  desk_.ask(action::NamePlugin{about_->id, about_->version, instance_->release()});
}

void Lane::replace() {
  if (successor_ || leaving_ || closing_) return;
  successor_.emplace(desk_, number_, wanted_release(), ++generation_);
}

// The successor is created beside the instance, which goes on. Then the instance is flushed, and the successor
// initialized; and only when that has come to its end the records are another's.
void Lane::swap() {
  using Phase = Instance::Phase;
  if (!instance_ || (instance_->phase() <= Phase::loaded && successor_->phase() == Phase::loaded)) return promote();
  if (successor_->in_call() || desk_.shard_id.empty()) return;
  if (successor_->phase() == Phase::loaded) return create(*successor_);
  if (successor_->phase() == Phase::ready) return take_over();
  if (successor_->phase() != Phase::created || instance_->in_call() || instance_->phase() == Phase::ending) return;
  if (!instance_->ready()) return instance_->destroy();
  if (awaits_standby()) return;
  if (holds_open_records() && !replacement_flushed_) {
    if (flushing_ == Flush::none && may_flush()) flush(Flush::replacement);
    return;
  }
  if (flushing_ != Flush::none) return;  // what was flushed may still be acknowledged
  took_over_ = true;
  initialize(*successor_, desk_.config.timeouts.swap);
}

// There is no instance that was created: the successor takes its place as it is.
void Lane::promote() {
  if (instance_) desk_.ask(action::LetGo{instance_->id()});
  instance_ = std::exchange(successor_, std::nullopt);
  replacement_flushed_ = outgrown_ = false;
  failed_replacements_ = 0;
  took_over_ = left_in_order_;
  if (instance_->phase() != Instance::Phase::loading) serves();
}

void Lane::take_over() {
  leaving_ = std::exchange(instance_, std::exchange(successor_, std::nullopt));
  leaving_->destroy();
  forget_given();
  delivery_.instance_lost(false, true);
  ask_again_at_ = Time(0);
  replacement_flushed_ = outgrown_ = false;
  failed_replacements_ = failed_starts_ = 0;
  serves();
  taken();
  write_journal(false);
}

void Lane::taken() {
  desk_.take(number_, instance_->release());
}

void Lane::call_off(bool is_gone) {
  if (!successor_) return;
  if (!is_gone) desk_.ask(action::LetGo{successor_->id()});
  successor_.reset();
  replacement_flushed_ = false;
}

void Lane::forget_given() {
  given_.clear();
  next_id_ = 0;
  settle_by_ = never;
}

void Lane::close(Time limit, const std::string& why) {
  closing_ = true;
  call_off();
  drop_standby();
  if (leaving_) leaving_->hurry(limit, why);
  if (!instance_ || instance_->phase() == Instance::Phase::ending) return;
  if (instance_->in_call()) return instance_->hurry(limit, why);
  if (instance_->phase() == Instance::Phase::created || instance_->phase() == Instance::Phase::ready) {
    return instance_->destroy();
  }
  let_go();
}

void Lane::let_go() {
  for (std::optional<Instance>* one : {&instance_, &successor_, &leaving_, &standby_}) {
    if (*one) desk_.ask(action::LetGo{(*one)->id()});
    one->reset();
  }
  delivery_.interrupted();
  write_journal(false);
}

void Lane::not_started(WorkerId worker, const std::string& why, bool may_pass) {
  if (is(successor_, worker)) {
    call_off(true);
    return postpone_replacement(why);
  }
  if (is(standby_, worker)) return no_standby(why);
  const std::uint32_t release = instance_->release();
  instance_.reset();
  const std::string what = "no worker could be started: " + why;
  // What the system refuses says nothing of the release.
  if (may_pass) return start_later(release, what, exit_stopped);
  came_to_nothing(release, what, exit_stopped);
}

void Lane::loaded(WorkerId worker, const Descriptor& about) {
  const bool is_successor = is(successor_, worker), is_standby = is(standby_, worker);
  if (about.checkpoints_itself() && desk_.config.concurrency > 1) {
    const std::string why = "concurrency is " + std::to_string(desk_.config.concurrency) + " but plugin " + about.id +
                            " checkpoints for itself, which one worker alone can do: set concurrency: 1";
    if (is_successor) return refuse_successor(why);
    if (!is_standby && desk_.proven == 0) return desk_.end(exit_usage, why);
    desk_.ask(action::LetGo{worker});
    if (is_standby) return no_standby(why);
    const std::uint32_t release = instance_->release();
    instance_.reset();
    return came_to_nothing(release, why, exit_plugin);
  }
  if (is_standby) return standby_->loaded(about);
  if (is_successor) return successor_->loaded(about);
  instance_->loaded(about);
  serves();
}

void Lane::not_loaded(WorkerId worker, const std::string& reason) {
  const std::string why = "plugin " + desk_.config.plugin.path + ": " + reason;
  if (is(successor_, worker)) return refuse_successor(why);
  if (is(standby_, worker)) return no_standby(why);
  const std::uint32_t release = instance_->release();
  instance_.reset();
  not_loadable(release, why);
}

void Lane::not_loadable(std::uint32_t release, const std::string& why) {
  if (!desk_.greeted && desk_.proven == 0) return desk_.end(exit_plugin, why);
  came_to_nothing(release, why, exit_plugin);
}

// The instance goes on meanwhile.
void Lane::postpone_replacement(const std::string& why) {
  const Time pause = backoff(desk_.config.on_error.retry, ++failed_replacements_, desk_.random);
  desk_.tell(Level::warn,
             "no worker could be started to replace the one there is (" + why + "); next try in " + text_of(pause));
  start_at_ = desk_.now.steady + pause;
}

// The successor did not come up: the instance goes on.
void Lane::refuse_successor(const std::string& why, bool is_gone) {
  const std::uint32_t release = successor_->release();
  call_off(is_gone);
  const bool same = instance_ && instance_->release() == release;
  if (!same && desk_.can_go_back_from(release)) return desk_.refuse(release, why);
  postpone_replacement(why);
}

// The instance did not come up, and is gone or about to go.
void Lane::came_to_nothing(std::uint32_t release, const std::string& why, int exit_code) {
  if (!closing_ && desk_.can_go_back_from(release)) return desk_.refuse(release, why);
  start_later(release, why, exit_code);
}

void Lane::start_later(std::uint32_t release, const std::string& why, int exit_code) {
  if (closing_ || release != wanted_release()) return;  // or another one is started in its place
  const config::Retry& retry = desk_.config.on_error.retry;
  const bool spent = ++failed_starts_ >= retry.max_attempts;
  if (spent && desk_.config.on_error.then == config::Then::stop && !desk_.can_go_back_from(release)) {
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
  if (successor_ && successor_->in_call(Call::initialize) && successor_->deadline() <= desk_.now.steady) {
    // The shard stands still meanwhile, and the one before could go on.
    refuse_successor("initialize took longer than timeouts.swap, " + text_of(desk_.config.timeouts.swap));
  }
  for (std::optional<Instance>* one : {&successor_, &leaving_, &standby_}) {
    if (*one) (*one)->on_time();
  }
}

void Lane::waits(WorkerId worker) {
  if (is(instance_, worker)) instance_->waits();
}

void Lane::goes_on(WorkerId worker) {
  if (is(instance_, worker)) instance_->goes_on();
}

Time Lane::deadline(bool with_ticks) const {
  Time next = never;
  for (const std::optional<Instance>* one : {&instance_, &successor_, &leaving_, &standby_}) {
    if (*one) next = std::min(next, (*one)->deadline());
  }
  next = std::min(next, settle_by_);
  if (with_ticks && ready() && answer_ != Answer::pending && !closing_) next = std::min(next, instance_->tick_at());
  // What could not be done when its time came waits for something else: to look again soon would be to spin.
  for (const Time at : {start_at_, ask_again_at_, waiting_ ? wake_at_ : never, wants_standby() ? standby_at_ : never}) {
    if (at > desk_.now.steady && !closing_ && !desk_.looking) next = std::min(next, at);
  }
  return next;
}

void Lane::ask(const Request& request, std::optional<Time> timeout) {
  answer_ = Answer::pending;
  if (timeout) {
    instance_->begin(request, *timeout);
  } else {
    begin_in_time(request);
  }
  if (holds_records()) write_journal(false);
}

void Lane::ask_with_none(const Batch& empty) {
  ask({.call = Call::process_records, .batch = empty, .first_id = next_id_, .oldest_id = oldest_open()});
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
  if (ready() && flushing_ == Flush::none && desk_.now.steady >= ask_again_at_) flush(Flush::alone);
}

void Lane::flush(Flush why) {
  flushing_ = why;
  const Finish reason = why == Flush::asked         ? Finish::in_flight
                        : why == Flush::replacement ? Finish::swap
                                                    : Finish::bisection;
  begin_in_time({.call = Call::flush, .finish = reason});
  if (holds_records()) write_journal(delivery_.looking_for_culprit());
}

void Lane::outcome(WorkerId worker, CallNumber number, const Outcome& outcome, std::uint64_t resident_memory) {
  for (std::optional<Instance>* one : {&successor_, &standby_}) {
    if (is(*one, worker)) return comes_up(*one, number, outcome);
  }
  if (!is(instance_, worker) || !instance_->in_call() || instance_->number() != number) return;
  if (instance_->condemned()) return;
  const Call call = instance_->call();
  instance_->over(outcome.ok());
  const bool with_records = call == Call::process_records && delivery_.under_way();
  if (outcome.ok() && (with_records || call == Call::flush || call == Call::tick)) keep_pace(call);
  if (with_records) {
    records_over(outcome);
    return heed_memory(resident_memory);
  }
  if (call == Call::flush) {
    flush_over(outcome);
    return heed_memory(resident_memory);
  }
  if (!outcome.ok() && !closing_) report(call, outcome.message, nullptr, false, level_of_failure(*instance_));
  if (call == Call::tick) {
    instance_->tick_is_over();
    if (delivery_.holds()) write_journal(false);
    return;
  }
  if (call == Call::initialize && outcome.ok()) {
    failed_starts_ = 0;
    taken();
  }
  if (call == Call::create || call == Call::initialize) {
    if (outcome.ok()) return;
    const std::uint32_t release = instance_->release();
    if (call == Call::initialize) {
      instance_->destroy();
    } else {
      desk_.ask(action::LetGo{instance_->id()});
      instance_.reset();
    }
    return came_to_nothing(release, outcome.message, call == Call::create ? exit_plugin : exit_stopped);
  }
  answer_ = outcome.ok() ? Answer::ok : Answer::failed;
  if (delivery_.holds()) write_journal(false);
}

// A successor or standby.
void Lane::comes_up(std::optional<Instance>& one, CallNumber number, const Outcome& outcome) {
  if (!one->in_call() || one->number() != number) return;
  const Call call = one->call();
  one->over(outcome.ok());
  if (outcome.ok()) return;
  const std::string why = std::string(name_of(call)) + " failed: " + outcome.message;
  if (&one == &successor_) return refuse_successor(why);
  desk_.ask(action::LetGo{one->id()});
  no_standby(why);
}

void Lane::flush_over(const Outcome& outcome) {
  if (outcome.ok() && acknowledges() && awaits_word() && !closing_) {
    // It has time to finish them on threads of its own.
    settle_by_ = desk_.now.steady + desk_.config.timeouts.process_records;
    return write_journal(false);
  }
  const Flush why = std::exchange(flushing_, Flush::none);
  if (!outcome.ok() && !closing_) report(Call::flush, outcome.message, nullptr, false, level_of_failure(*instance_));
  // As if it had died of it: what it held is the policy's matter now, and another one may be asked. But where the KCL
  // refused its checkpoint, that is none of its faults.
  const bool asked_in_vain = why == Flush::asked && !outcome.ok() && !closing_ && !failed_for_checkpoint();
  if (why == Flush::asked) answer_ = asked_in_vain ? Answer::none : outcome.ok() ? Answer::ok : Answer::failed;
  if (why == Flush::replacement) {
    replacement_flushed_ = true;
    // What it holds now is anybody's guess: it does not go on, whatever becomes of the one that takes over.
    if (!outcome.ok() && !closing_ && !failed_for_checkpoint()) instance_->destroy();
  }
  if ((why == Flush::asked && !asked_in_vain) || why == Flush::replacement) return write_journal(false);
  if (outcome.ok()) {
    if (why == Flush::probation) {
      delivery_.flushed();
      tell_if_unblocked();
    }
    opinion_flushed_ |= why == Flush::opinion;
  } else if (failed_for_checkpoint()) {
    ask_again_later();
  } else {
    // What it holds now is anybody's guess: another instance gets it.
    const bool doubted = !closing_ && doubt(*instance_, "flush failed: " + outcome.message);
    if (!doubted) failed_at("FAILED", outcome.message);
    delivery_.instance_lost(false, closing_ || doubted);
    instance_->destroy();
  }
  write_journal(false);
}

// A flush that has returned is over when the instance has said of each record what becomes of it. A rejected one may
// have to wait for its turn to be set aside.
void Lane::settle() {
  if (settle_by_ == never || awaits_word()) return;
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
  if (desk_.config.isolation == config::Isolation::none) {
    // Nothing can end it.
    settle_by_ = desk_.now.steady + desk_.config.timeouts.process_records;
    return desk_.tell(Level::warn, open +
                                       " records are not acknowledged within timeouts.process_records after flush; the "
                                       "shard waits on (isolation none)");
  }
  instance_->kill(Death::Kind::timeout, "ended because it did not acknowledge " + open + " records within " +
                                            text_of(desk_.config.timeouts.process_records) + " after flush");
}

void Lane::ended(WorkerId worker, const Death* death) {
  const std::string cause = death ? death->cause() : std::string("ended");
  if (is(successor_, worker)) {
    const std::string_view what = successor_->in_call() ? name_of(successor_->call()) : "its start";
    return refuse_successor("the worker was " + cause + " in " + std::string(what), true);
  }
  if (is(standby_, worker)) return no_standby("the worker was " + cause);
  if (is(leaving_, worker)) {
    if (death != nullptr) report(Call::destroy, death->message, death, false);
    leaving_.reset();
    return;
  }
  const Instance was = std::move(*instance_);
  instance_.reset();
  forget_given();
  // What it was still to acknowledge after the shard's end is another one's, of whatever kind that is, and so is the
  // end.
  if (was.finished() && was.about().acknowledges() && !delivery_.all_finished()) answer_ = Answer::none;
  left_in_order_ = was.phase() == Instance::Phase::ending && death == nullptr;
  static const Death gone{Death::Kind::exit, 0, "ended by exit(0)", {}, true};
  const Flush flushed = std::exchange(flushing_, Flush::none);
  if (was.phase() == Instance::Phase::ending) {
    if (death != nullptr && was.in_call(Call::destroy)) report(Call::destroy, death->message, death, false);
    return lost(false, true);
  }
  if (death == nullptr) death = &gone;
  if (was.phase() == Instance::Phase::loading) {
    return not_loadable(was.release(), "plugin " + desk_.config.plugin.path +
                                           ": can't be loaded: the process that tried was " + death->cause());
  }
  if (!was.in_call()) {
    tell_death_between_calls(was, *death);
    return died_idle(was, *death);
  }
  const Call call = was.call();
  if (call == Call::create || call == Call::initialize) {
    report(call, death->message, death, false);
    return came_to_nothing(was.release(), death->cause(), call == Call::create ? exit_plugin : exit_stopped);
  }
  if (call == Call::process_records && delivery_.under_way()) return records_died(was, *death);
  if (call == Call::tick) {
    if (!closing_) report(call, death->message, death, false, level_of_failure(was));
    return died_idle(was, *death);
  }
  const bool unseen = !has_begun(was, *death) && !repeating_;
  repeating_ = unseen;
  if (unseen) {
    tell_death_between_calls(was, *death);
  } else if (!closing_) {
    report(call, death->message, death, false, level_of_failure(was));
  }
  // A flush that it died of says nothing: what it held is the policy's matter now, and another one may be asked.
  answer_ = unseen || call == Call::flush ? Answer::none : Answer::failed;
  if (call == Call::shard_ended && !unseen && !closing_ && !end_recorded_) {
    // Another one tries it, as long as the daemon may wait.
    answer_ = Answer::none;
    start_at_ = desk_.now.steady + backoff(desk_.config.on_error.retry, ++failed_ends_, desk_.random);
  }
  if (call == Call::flush && flushed != Flush::none && !closing_) {
    desk_.ask(action::WriteCrashReport{was.generation(), *death, Batch{}});
  }
  if (!closing_ && doubt(was, "the worker was " + death->cause())) return lost(false, true);
  if (holds_records()) failed_at("DIED", death->explained());
  lost(false, closing_);
}

// It died in no call of the daemon's: another one at once, and from the second time on after a pause.
void Lane::died_idle(const Instance& was, const Death& death) {
  if (!closing_ && doubt(was, "the worker was " + death.cause())) return lost(false, true);
  if (++idle_deaths_ > 1) {
    start_at_ = desk_.now.steady + backoff(desk_.config.on_error.retry, idle_deaths_ - 1, desk_.random);
  }
  if (holds_records()) failed_at("DIED", death.explained());
  lost(false, closing_);
}

void Lane::tell_death_between_calls(const Instance& was, const Death& death) {
  desk_.tell(level_of_failure(was), "the worker was " + death.message + " between calls",
             {{"printed", death.words}, {"stack", joined(death.stack)}});
}

// The instance is gone, and with it what it held.
void Lane::lost(bool in_call, bool blameless) {
  ask_again_at_ = Time(0);
  delivery_.instance_lost(in_call, blameless);
  if (!blameless) waiting_ = false;
  write_journal(false);
}

void Lane::report(Call call, const std::string& message, const Death* death, bool with_records,
                  config::LogLevel level) {
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
  desk_.tell(level, std::move(text), std::move(fields));
}

}  // namespace kclhost::host
