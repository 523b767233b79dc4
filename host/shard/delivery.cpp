#include "shard/delivery.hpp"

#include <algorithm>
#include <utility>

#include "shard/backoff.hpp"

namespace kclhost::host {
namespace {

// An index after the first n have left.
std::uint32_t shifted(std::uint32_t index, std::uint32_t n) {
  return index > n ? index - n : 0;
}

}  // namespace

void Delivery::drop(std::uint32_t n) {
  if (n == 0) return;
  for (std::uint32_t* index :
       {&count_, &finished_, &accepted_, &first_, &last_, &bad_end_, &cleared_, &probation_end_}) {
    *index = shifted(*index, n);
  }
  for (std::uint32_t* index : {&culprit_, &leaving_, &tried_again_}) {
    if (*index != no_record) *index = *index < n ? no_record : *index - n;
  }
  done_.drop(n);
  std::erase_if(rejected_, [n](std::uint32_t index) { return index < n; });
  for (std::uint32_t& index : rejected_) index -= n;
  for (Range& range : failed_) range = {shifted(range.first, n), shifted(range.last, n), range.times};
  std::erase_if(failed_, [](const Range& range) { return range.last == 0; });
  for (Suspect& suspect : suspects_) {
    suspect.part |= suspect.first < n;
    suspect.first = shifted(suspect.first, n);
    suspect.last = shifted(suspect.last, n);
  }
  std::erase_if(suspects_, [](const Suspect& suspect) { return suspect.last == 0; });
  if (count_ == 0) {
    // Nothing is left that anything was due for.
    due_ = Due::deliver;
    blocked_ = false;
  }
}

void Delivery::extend(std::uint32_t count) {
  count_ += count;
  // Another batch is another matter, unless something is still being looked for.
  if (bad_end_ <= first_ && !looking_for_culprit()) searching_ = false;
}

void Delivery::suspect(const Suspect& suspect) {
  suspects_.push_back(suspect);
  if (const std::uint32_t times = suspect.failures + suspect.interruptions; times != 0) {
    remember_failure(suspect.first, suspect.last, times);
  }
}

void Delivery::known_aside(std::uint32_t first, std::uint32_t last) {
  finish(first, last);
  skip_what_is_done();
}

Delivery::Order Delivery::next(const TooOld& too_old, std::uint32_t most) {
  take_rejected();
  switch (due_) {
    case Due::stop:
      return {.step = Step::stop, .first = first_, .last = last_};
    case Due::wait:
      return {.step = Step::wait, .first = first_, .last = last_, .wait = wait_, .blocked = blocked_};
    case Due::flush:
      return {.step = Step::flush, .first = first_, .last = last_};
    case Due::set_aside:
      call_first_ = first_;
      call_last_ = end_before_done(first_, last_);
      call_in_front_ = false;
      return {.step = Step::set_aside, .first = call_first_, .last = call_last_};
    case Due::deliver:
      break;
  }
  skip_what_is_done();
  // What an earlier instance had, and is not to blame, comes before the range at hand.
  if (accepted_ < first_) return delivery_of(accepted_, end_before_done(accepted_, first_), too_old, most);
  if (first_ == last_) {
    if (first_ == count_) return {.step = Step::done};
    // What is left of a range that failed still holds the record that fails: it need not be tried whole again.
    if (bad_end_ > first_ && culprit_ == no_record) {
      halve(bad_end_);
    } else {
      choose_range();
    }
    if (due_ != Due::deliver) return next(too_old, most);
  }
  return delivery_of(first_, end_before_done(first_, last_), too_old, most);
}

std::optional<Delivery::Order> Delivery::next_rejected() {
  if (rejected_.empty() || !gives_up()) return std::nullopt;
  leaving_ = rejected_.front();
  return Order{.step = Step::set_aside, .first = leaving_, .last = leaving_ + 1, .rejected = true};
}

// A rejected record has used up its tries, where none is set aside.
void Delivery::take_rejected() {
  if (rejected_.empty() || gives_up() || due_ != Due::deliver) return;
  const std::uint32_t first = rejected_.front();
  if (first_ < last_ && first_ < first) return;                   // what lies in front of it comes first
  if (blocked_ && first_ == first && last_ == first + 1) return;  // its wait is over
  first_ = first;
  last_ = first + 1;
  tries_ = 1;
  interruptions_ = 0;
  tried_again_ = first;
  exhausted();
}

// The delivery of these records, up to the first that is too old; or what becomes of those that are.
Delivery::Order Delivery::delivery_of(std::uint32_t first, std::uint32_t last, const TooOld& too_old,
                                      std::uint32_t most) {
  aged_ = false;
  if (too_old) {
    const bool old = too_old(first);
    std::uint32_t end = first + 1;
    while (end < last && too_old(end) == old) ++end;
    last = end;
    aged_ = old;
  }
  if (!aged_ && last - first > most) {
    // A range that has failed is not cut while there can be room for all of it: a part has no tries of its own.
    const bool tried = first == first_ && (tries_ != 0 || interruptions_ != 0);
    if (most == 0 || (tried && holds_open())) return {.step = Step::make_room, .first = first, .last = last};
    last = first + most;
  }
  call_first_ = first;
  call_last_ = last;
  call_in_front_ = first < first_;
  if (!aged_) {
    if (!call_in_front_ && last_ != last) {
      // Without those that left meanwhile it is another range: what failed may have been theirs.
      last_ = last;
      tries_ = interruptions_ = 0;
    }
    return {.step = Step::deliver, .first = first, .last = last, .attempt = failures_of(first) + 1};
  }
  if (config_.then == config::Then::stop) {
    due_ = Due::stop;
    return {.step = Step::stop, .first = first, .last = last};
  }
  return {.step = Step::set_aside, .first = first, .last = last, .aged = true};
}

template <class Run>
void Delivery::each_run_without_rejected(std::uint32_t first, std::uint32_t last, Run&& run) {
  for (const std::uint32_t index : rejected_) {
    if (index < first || index >= last) continue;
    if (first < index) run(first, index);
    first = index + 1;
  }
  if (first < last) run(first, last);
}

// They are finished, but for those that are to be set aside.
void Delivery::finish(std::uint32_t first, std::uint32_t last) {
  first = std::max(first, finished_);
  each_run_without_rejected(first, last, [this](std::uint32_t from, std::uint32_t to) {
    if (from <= finished_) {
      finished_ = std::max(finished_, to);
    } else {
      done_.add(from, to);
    }
  });
}

void Delivery::skip_what_is_done() {
  if (!done_.empty()) {
    for (std::uint32_t* index : {&finished_, &accepted_, &first_}) *index = done_.end_of_run(*index);
    done_.remove(0, finished_);
  }
  accepted_ = std::max(accepted_, finished_);
  first_ = std::max(first_, finished_);
  last_ = std::max(last_, first_);
}

void Delivery::choose_range() {
  last_ = looking_for_culprit() ? probation_end_ : count_;
  last_ = end_before_done(first_, last_);
  tries_ = interruptions_ = 0;
  if (culprit_ < first_) culprit_ = no_record;
  if (culprit_ == first_) {
    culprit_ = no_record;
    last_ = first_ + 1;
    tries_ = culprit_tries_;
    if (culprit_spent_) exhausted();
    return;
  }
  if (culprit_ != no_record) last_ = std::min(last_, culprit_);
  while (!suspects_.empty() && suspects_.front().last <= first_) suspects_.erase(suspects_.begin());
  if (suspects_.empty()) return;
  Suspect& next = suspects_.front();
  if (next.first > first_) {
    last_ = std::min(last_, next.first);
    return;
  }
  next.part |= next.first != first_ || last_ < next.last;
  last_ = std::min(last_, next.last);
  const Suspect suspect = next;
  next.first = last_;
  if (next.first == next.last) suspects_.erase(suspects_.begin());
  go_on_with(suspect);
}

void Delivery::go_on_with(const Suspect& suspect) {
  const bool part = suspect.part && config_.bisect;
  searching_ |= suspect.searching || part;
  tries_ = part ? 0 : suspect.failures;
  interruptions_ = part ? 0 : suspect.interruptions;
  if (holds_) probation_end_ = std::max(probation_end_, last_);
  const auto most = static_cast<std::uint32_t>(config_.retry.max_attempts);
  const bool divisible = config_.bisect && last_ - first_ > 1;
  if (divisible && (searching_ || tries_ + interruptions_ >= most)) return halve(last_);
  if (!divisible && tries_ >= most && gives_up()) exhausted();
}

void Delivery::begun() {
  under_way_ = true;
  if (!call_in_front_) cleared_ = std::min(cleared_, call_first_);  // what is tried is not free of blame
  std::erase_if(rejected_, [this](std::uint32_t index) { return index >= call_first_ && index < call_last_; });
}

bool Delivery::gives_up() const {
  return config_.then == config::Then::skip || config_.then == config::Then::dead_letter;
}

void Delivery::succeeded() {
  under_way_ = false;
  if (tried_again_ >= call_first_ && tried_again_ < call_last_) tried_again_ = no_record;  // the instance has it again
  accepted_ = std::max(accepted_, call_last_);
  if (!holds_) finish(call_first_, call_last_);
  if (call_in_front_) return skip_what_is_done();
  if (holds_ && looking_for_culprit() && finished_ < call_last_) {
    due_ = Due::flush;
    return;
  }
  pass();
}

void Delivery::flushed() {
  cleared_ = accepted_;
  pass();
}

bool Delivery::reject(std::uint32_t index) {
  if (!is_open(index)) return false;
  const auto at = std::lower_bound(rejected_.begin(), rejected_.end(), index);
  if (at != rejected_.end() && *at == index) return false;
  rejected_.insert(at, index);
  remember_failure(index, index + 1);
  return true;
}

void Delivery::failed(const Failure& failure) {
  remember_failure_of_rest(call_first_, call_last_);
  // Something failed, so at least one record is not done, whatever the plugin says.
  const std::uint32_t accepted = std::min(failure.accepted, call_last_ - call_first_ - 1);
  const std::uint32_t done = done_in_call(accepted);
  if (done >= call_last_) return succeeded();  // it has finished all of them in other ways
  under_way_ = false;
  cleared_ = std::min(cleared_, call_first_);  // what was cleared has failed this time
  accepted_ = std::max(accepted_, done);
  if (!holds_) finish(call_first_, done);
  if (call_in_front_) {
    // What came before the range at hand has failed this time: it is the range at hand now.
    first_ = call_first_;
    last_ = call_last_;
    bad_end_ = tries_ = interruptions_ = 0;
    blocked_ = false;
  }
  if (done > first_) {
    first_ = done;
    tries_ = interruptions_ = 0;
    blocked_ = false;
  }
  const auto most = static_cast<std::uint32_t>(config_.retry.max_attempts);
  const std::uint32_t culprit = failure.culprit ? call_first_ + *failure.culprit : no_record;
  if (culprit >= first_ && culprit < last_ && !done_.contains(culprit)) {
    const std::uint32_t alone = culprit == first_ && last_ - first_ == 1 ? tries_ : 0;
    culprit_tries_ = alone + 1;
    culprit_spent_ = failure.permanent || culprit_tries_ >= most;
    if (searching_ && last_ - first_ > 1) bad_end_ = std::max(bad_end_, last_);
    culprit_ = culprit;
    last_ = first_;
    due_ = Due::deliver;
    // Those in front of it come first, and then it alone; or its time is over.
    if (culprit != first_) {
      wait(1);
    } else if (culprit_spent_) {
      choose_range();
    } else {
      wait(culprit_tries_);
    }
  } else if (accepted != 0 && config_.bisect && last_ - first_ > 1) {
    if (searching_) bad_end_ = std::max(bad_end_, last_);
    last_ = first_ + 1;
    // It has failed among others; of its own tries none has failed yet.
    wait(1);
  } else {
    try_failed(failure.permanent);
  }
  if (failure.retry_after && due_ == Due::wait) wait_ = *failure.retry_after;
}

void Delivery::wait(std::uint32_t failures) {
  due_ = Due::wait;
  wait_ = backoff(config_.retry, static_cast<int>(failures), random_);
}

void Delivery::instance_lost(bool in_call, bool blameless) {
  const bool had_call = std::exchange(under_way_, false) && in_call;
  tried_again_ = no_record;
  const std::uint32_t had = had_call ? std::max(accepted_, call_last_) : accepted_;
  if (due_ == Due::flush) due_ = Due::deliver;
  if (!holds_) {
    if (had_call && !blameless) {
      under_way_ = true;
      failed({});
    }
    // Of those that it was given only a rejected one may be left: the next instance does not have it.
    accepted_ = finished_;
    skip_what_is_done();
    return;
  }
  accepted_ = finished_;
  if (blameless || had <= finished_) return;  // what it held is delivered again, in front of what comes next
  if (due_ != Due::deliver && rest_after_rejected(finished_, had) == had) return;  // it has the blame already
  remember_failure_of_rest(finished_, had);
  // What was cleared has failed this time, or nothing was cleared: all of it is to blame.
  if (!looking_for_culprit() || had <= std::max(first_, cleared_)) cleared_ = bad_end_ = 0;
  probation_end_ = std::max(probation_end_, had);
  blame(std::max(finished_, cleared_), had);
}

// One of the records [first, last) has failed, of those that are not finished.
void Delivery::blame(std::uint32_t first, std::uint32_t last) {
  first = done_.end_of_run(first);
  if (first >= last) first = finished_;
  const std::uint32_t end = end_before_done(first, last);
  if (first_ != first || last_ != end) {
    tries_ = interruptions_ = 0;
    blocked_ = false;
  }
  first_ = first;
  last_ = end;
  if (end == last) return try_failed();
  // The rest lies behind records that are finished and can't be tried with these.
  if (config_.bisect) bad_end_ = std::max(bad_end_, last);
  wait(1);
}

// The range at hand failed once more.
void Delivery::try_failed(bool for_good) {
  ++tries_;
  if (searching_ && last_ - first_ > 1) return halve(last_);
  if (for_good || tries_ >= static_cast<std::uint32_t>(config_.retry.max_attempts)) return exhausted();
  wait(tries_);
}

void Delivery::interrupted(std::uint32_t accepted) {
  if (std::exchange(under_way_, false) && accepted != 0) {
    // At least one record is not done, whatever the plugin says.
    const std::uint32_t done = std::min(call_first_ + accepted, call_last_ - 1);
    accepted_ = std::max(accepted_, done);
    if (!holds_) finish(call_first_, done);
    move_on();
  }
}

// The first record of the call that is not done, or behind its last.
std::uint32_t Delivery::done_in_call(std::uint32_t accepted) const {
  return done_.end_of_run(std::max(call_first_ + accepted, finished_));
}

bool Delivery::repeat(std::uint32_t accepted) {
  const bool all = done_in_call(std::min(accepted, call_last_ - call_first_ - 1)) >= call_last_;
  all ? succeeded() : interrupted(accepted);
  return !all;
}

void Delivery::waited() {
  due_ = Due::deliver;
}

void Delivery::set_aside() {
  if (leaving_ != no_record) {
    const std::uint32_t index = std::exchange(leaving_, no_record);
    std::erase(rejected_, index);
    finish(index, index + 1);
    return move_on();
  }
  due_ = Due::deliver;
  known_aside(call_first_, call_last_);
  if (call_in_front_) return;
  if (!aged_) bad_end_ = 0;  // whether there is another one is not known
  first_ = std::max(first_, call_last_);
  last_ = std::max(last_, first_);
  tries_ = interruptions_ = 0;
  blocked_ = false;
}

void Delivery::checkpointed(std::uint32_t count) {
  finished_ = std::max(finished_, std::min(count, count_));
  std::erase_if(rejected_, [this](std::uint32_t index) { return index < finished_; });
  move_on();
}

void Delivery::acknowledged(std::uint32_t first, std::uint32_t last) {
  last = std::min(last, given());
  if (first >= last) return;
  std::erase_if(rejected_, [&](std::uint32_t index) { return index >= first && index < last; });
  finish(first, last);
  move_on();
}

// Records are finished, whatever is at hand. If they lay at the front of that, what is left is another range.
void Delivery::move_on() {
  const std::uint32_t first = first_;
  skip_what_is_done();
  if (first_ == first) return;
  tried_again_ = no_record;
  tries_ = interruptions_ = 0;
  blocked_ = false;
  // What was to become of records that are finished after all is settled.
  if (due_ == Due::set_aside || due_ == Due::stop) due_ = Due::deliver;
}

// Takes the front half of [first_, bad_end), in which a record is known to fail.
void Delivery::halve(std::uint32_t bad_end) {
  searching_ = true;
  bad_end_ = bad_end;
  last_ = first_ + std::max(1u, (bad_end - first_) / 2);
  last_ = end_before_done(first_, last_);
  tries_ = interruptions_ = 0;
  due_ = Due::deliver;
}

// The range at hand is accepted.
void Delivery::pass() {
  first_ = last_ = std::max(last_, accepted_);
  tries_ = interruptions_ = 0;
  blocked_ = aged_ = false;
  due_ = Due::deliver;
  skip_what_is_done();
}

// The range at hand was tried often enough.
void Delivery::exhausted() {
  if (config_.bisect && last_ - first_ > 1) return halve(last_);
  switch (config_.then) {
    case config::Then::block:
      blocked_ = true;
      due_ = Due::wait;
      wait_ = config_.retry.max_backoff;
      return;
    case config::Then::stop:
      due_ = Due::stop;
      return;
    case config::Then::skip:
    case config::Then::dead_letter:
      due_ = Due::set_aside;
      return;
  }
}

void Delivery::remember_failure(std::uint32_t first, std::uint32_t last, std::uint32_t times) {
  if (!failed_.empty() && failed_.back().first == first && failed_.back().last == last) {
    failed_.back().times += times;
  } else {
    failed_.push_back({first, last, times});
  }
}

// The first record from `first` on that is neither finished nor rejected, or `last`.
std::uint32_t Delivery::rest_after_rejected(std::uint32_t first, std::uint32_t last) const {
  const auto is_rejected = [this](std::uint32_t index) {
    return std::binary_search(rejected_.begin(), rejected_.end(), index) || (!under_way_ && index == tried_again_);
  };
  for (first = done_.end_of_run(first); first < last && is_rejected(first);) first = done_.end_of_run(first + 1);
  return std::min(first, last);
}

// A rejected record's failure is remembered already.
void Delivery::remember_failure_of_rest(std::uint32_t first, std::uint32_t last) {
  each_run_without_rejected(first, last, [this](std::uint32_t from, std::uint32_t to) { remember_failure(from, to); });
}

std::uint32_t Delivery::failures_of(std::uint32_t index) const {
  std::uint32_t sum = 0;
  for (const Range& range : failed_) {
    if (range.first <= index && index < range.last) sum += range.times;
  }
  return sum;
}

Delivery::Suspect Delivery::current() const {
  Range at_risk{call_first_, call_last_, 0};
  // Any record that the instance holds may be the one that ends it, as when a worker dies.
  if (holds_) {
    const bool cleared = looking_for_culprit() && given() > std::max(first_, cleared_);
    at_risk = {cleared ? std::max(finished_, cleared_) : finished_, given(), 0};
    while (at_risk.last > at_risk.first && done_.contains(at_risk.last - 1)) --at_risk.last;
  }
  const bool at_hand = at_risk.first == first_ && at_risk.last == last_;
  if (!at_hand) return {at_risk.first, at_risk.last, 0, 0, holds_ && searching_, false};
  return {first_, last_, tries_, interruptions_, searching_, false};
}

void Delivery::known(std::vector<Suspect>& to, bool current_is_told) const {
  // The call may be about records in front of the range at hand alone: the tries of that are still to be told.
  const bool told = current_is_told && current().last > first_;
  const bool tried = first_ < last_ && (tries_ != 0 || interruptions_ != 0);
  if (tried && !told) to.push_back({first_, last_, tries_, interruptions_, searching_, false});
  std::uint32_t rest = tried || told ? last_ : first_;
  // One that waits until those in front of it have passed, or for the end of the pause, keeps its tries.
  if (culprit_ != no_record && culprit_ >= rest && !done_.contains(culprit_)) {
    if (const std::uint32_t end = std::min(bad_end_, culprit_); end > rest)
      to.push_back({rest, end, 0, 0, true, false});
    to.push_back({culprit_, culprit_ + 1, culprit_tries_, 0, searching_, false});
    rest = culprit_ + 1;
  }
  if (bad_end_ > rest) to.push_back({rest, bad_end_, 0, 0, true, false});
  for (const Suspect& suspect : suspects_) {
    if (suspect.part && config_.bisect) {
      to.push_back({suspect.first, suspect.last, 0, 0, true, false});
    } else {
      to.push_back(suspect);
    }
  }
}

}  // namespace kclhost::host
