#include "policy/delivery.hpp"

#include <algorithm>

#include "policy/backoff.hpp"

namespace kclhost::host::policy {

void Delivery::begin(std::uint32_t count, std::optional<Suspect> suspect, TooOld too_old) {
  too_old_ = std::move(too_old);
  suspect_ = suspect;
  count_ = count;
  done_ = last_ = bad_end_ = tries_ = 0;
  searching_ = blocked_ = aged_ = false;
  due_ = Due::deliver;
  failed_.clear();
  if (suspect_) failed_.assign(suspect_->tries, {suspect_->first, suspect_->last});
}

Delivery::Action Delivery::next() {
  if (due_ == Due::stop) return {.step = Step::stop, .first = done_, .last = last_};
  if (due_ == Due::wait) return {.step = Step::wait, .first = done_, .last = last_, .wait = wait_, .blocked = blocked_};
  if (due_ == Due::deliver && done_ == last_) {
    if (done_ == count_) return {.step = Step::done};
    choose_range();
    if (due_ != Due::deliver) return next();
  }
  if (due_ == Due::give_up) return {.step = Step::give_up, .first = done_, .last = last_};
  return {.step = Step::deliver,
          .first = done_,
          .last = last_,
          .attempt = failures_of(done_) + 1,
          .tries = tries_ + 1,
          .searching = searching_};
}

void Delivery::choose_range() {
  last_ = count_;
  tries_ = 0;
  if (suspect_ && done_ >= suspect_->last) suspect_.reset();
  const bool suspected = suspect_ && done_ >= suspect_->first;
  if (suspect_) last_ = suspected ? suspect_->last : suspect_->first;
  if (too_old_) {
    const bool old = too_old_(done_);
    std::uint32_t end = done_ + 1;
    while (end < last_ && too_old_(end) == old) ++end;
    last_ = end;
    if (old) {
      if (suspected) suspect_->part = true;
      aged_ = true;
      due_ = config_.then == config::Then::stop ? Due::stop : Due::give_up;
      return;
    }
  }
  if (!suspected) return;
  suspect_->part |= last_ != suspect_->last;  // old records cut it in two
  const Suspect suspect = *suspect_;
  suspect_->first = last_;
  go_on_with(suspect);
}

void Delivery::go_on_with(const Suspect& suspect) {
  const bool part = suspect.part && config_.bisect;
  searching_ |= suspect.searching || part;
  tries_ = part ? 0 : suspect.tries;
  const auto most = static_cast<std::uint32_t>(config_.retry.max_attempts);
  const bool divisible = config_.bisect && last_ - done_ > 1;
  if (divisible && (searching_ || tries_ >= most)) return halve(last_);
  if (!divisible && tries_ > most && config_.then != config::Then::stop) exhausted();
}

void Delivery::succeeded() {
  pass(last_);
  // What is left of a range that failed still holds the record that fails: it need not be tried whole again.
  if (bad_end_ > done_) halve(bad_end_);
}

void Delivery::failed(std::uint32_t finished) {
  failed_.push_back({done_, last_});
  // Something failed, so at least one record is not finished, whatever the plugin says.
  finished = std::min(finished, last_ - done_ - 1);
  if (finished > 0) {
    done_ += finished;
    tries_ = 0;
    blocked_ = false;
  }
  ++tries_;
  if (searching_ && last_ - done_ > 1) return halve(last_);
  if (tries_ >= static_cast<std::uint32_t>(config_.retry.max_attempts)) return exhausted();
  due_ = Due::wait;
  wait_ = backoff(config_.retry, static_cast<int>(tries_), random_);
}

void Delivery::waited() {
  due_ = Due::deliver;
}

void Delivery::given_up() {
  pass(last_);
  bad_end_ = 0;  // whether there is another one is not known
}

// Takes the front half of [done_, bad_end), in which a record is known to fail.
void Delivery::halve(std::uint32_t bad_end) {
  searching_ = true;
  bad_end_ = bad_end;
  last_ = done_ + std::max(1u, (bad_end - done_) / 2);
  tries_ = 0;
}

void Delivery::pass(std::uint32_t to) {
  done_ = last_ = to;
  tries_ = 0;
  blocked_ = aged_ = false;
  due_ = Due::deliver;
}

// The range at hand was tried often enough.
void Delivery::exhausted() {
  if (config_.bisect && last_ - done_ > 1) return halve(last_);
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
      due_ = Due::give_up;
      return;
  }
}

std::uint32_t Delivery::failures_of(std::uint32_t index) const {
  return static_cast<std::uint32_t>(std::count_if(failed_.begin(), failed_.end(), [index](const Range& range) {
    return range.first <= index && index < range.last;
  }));
}

std::optional<Delivery::Suspect> Delivery::known() const {
  if (bad_end_ > done_) return Suspect{done_, bad_end_, 0, true};
  if (!suspect_ || suspect_->last <= done_ || suspect_->first == suspect_->last) return std::nullopt;
  if (suspect_->part && config_.bisect) return Suspect{suspect_->first, suspect_->last, 0, true};
  return suspect_;
}

}  // namespace kclhost::host::policy
