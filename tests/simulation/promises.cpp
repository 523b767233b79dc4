#include "simulation/promises.hpp"

#include <algorithm>
#include <cmath>

#include "kclhost/plugin.h"

namespace kclhost::host::simulation {
namespace {

// In order: one that was rejected may come again in front of later ones.
void insert(std::vector<std::uint32_t>& records, std::uint32_t one) {
  records.insert(std::upper_bound(records.begin(), records.end(), one), one);
}

}  // namespace

void Promises::fail(std::uint32_t record, const std::string& what) const {
  throw Violation{"record " + std::to_string(record) + " of " + std::to_string(fates_.size()) + " " + what};
}

// ---- Lives

void Promises::life_begins(std::uint32_t recorded) {
  begin_ = recorded_ = recorded;
  for (Fate& fate : fates_) {
    fate.finished = fate.stored = fate.flushed = fate.acknowledged = fate.rejected = false;
  }
  ++lives_;
}

void Promises::life_ends(bool journals_lost) {
  pending_asides_ = 0;
  for (Fate& fate : fates_) {
    // It may be said to have been in a worker's hands by then.
    ++fate.failures;
    fate.aside_pending = false;
  }
  if (journals_lost) asides_may_come_again();
}

void Promises::asides_may_come_again() {
  for (Fate& fate : fates_) fate.aside_durable = false;
}

// ---- Deliveries

bool Promises::too_old(std::uint32_t record, std::int64_t wall_ms) const {
  const config::OnError& on_error = setting_.config.on_error;
  const std::int64_t arrival = setting_.records[record].arrival_ms;
  return on_error.max_record_age && on_error.then != config::Then::block && arrival != KCLHOST_NO_TIMESTAMP &&
         arrival < wall_ms - on_error.max_record_age->count();
}

void Promises::delivered(const Worker& worker, std::int64_t wall_ms) {
  const bool one_lane = setting_.config.concurrency == 1;
  const bool holds = worker.program.holds();
  for (std::size_t k = 0; k < worker.records.size(); ++k) {
    const std::uint32_t i = worker.records[k];
    const Fate& fate = fates_[i];
    if (k > 0 && i <= worker.records[k - 1]) fail(i, "is delivered out of order");
    if (fate.aside_durable || fate.aside_pending) fail(i, "was set aside and is delivered");
    if (i < recorded_) fail(i, "is checkpointed and delivered");
    if (fate.finished) fail(i, "is finished and delivered again");
    if (fate.acknowledged) fail(i, "is acknowledged and delivered again");
    if (fate.rejected && setting_.gives_up()) fail(i, "is rejected and delivered again");
    if (worker.has(i)) fail(i, "is delivered again to an instance that has it");
    if (too_old(i, wall_ms)) fail(i, "is too old and delivered");
    // Those in front of it are finished, or this instance has them.
    const auto in_front = [&](std::int64_t before) {
      if (before < 0 || before < recorded_) return;
      const auto b = static_cast<std::uint32_t>(before);
      const Fate& other = fates_[b];
      if (other.aside || other.finished || other.acknowledged || worker.has(b)) return;
      if (!holds && b < begin_) return;
      for (std::size_t j = 0; j < k; ++j) {
        if (worker.records[j] == b) return;
      }
      fail(i, "is delivered in front of record " + std::to_string(b) + ", which is not finished");
    };
    if (one_lane) in_front(static_cast<std::int64_t>(i) - 1);
    in_front(setting_.records[i].before);
  }
}

void Promises::accepted(Worker& worker, std::span<const std::uint32_t> records) {
  for (const std::uint32_t i : records) {
    if (worker.has_rejected(i)) continue;
    insert(worker.given, i);
    if (fates_[i].acknowledged) continue;
    if (worker.program.holds()) {
      insert(worker.buffered, i);
      insert(worker.unflushed, i);
    } else {
      fates_[i].accepted = fates_[i].finished = true;
    }
  }
}

void Promises::settle(Worker& worker) const {
  // A promise of the plugin's own: what it stored for a checkpoint in this call it does not store again.
  std::erase_if(worker.buffered, [&](std::uint32_t i) { return i <= worker.stored_in_call; });
  std::erase_if(worker.unflushed, [&](std::uint32_t i) { return i <= worker.checkpointed_in_call; });
}

void Promises::taken(std::uint32_t i) {
  fates_[i].acknowledged = true;
}

void Promises::rejected(std::uint32_t i) {
  fates_[i].rejected = true;
  ++fates_[i].failures;
  ++fates_[i].own;
}

void Promises::permanent(std::span<const std::uint32_t> records) {
  if (records.size() == 1 || !setting_.config.on_error.bisect) {
    for (const std::uint32_t i : records) fates_[i].permanent = true;
  }
}

void Promises::flushed(std::span<const std::uint32_t> records) {
  for (const std::uint32_t i : records) fates_[i].flushed = true;
}

std::vector<std::uint32_t> Promises::suspects(const Hands& hands) const {
  std::vector<std::uint32_t> left;
  for (const std::uint32_t i : hands.held) {
    const bool cleared = setting_.config.on_error.bisect && fates_[i].flushed;
    if (!cleared && i >= recorded_ && !fates_[i].acknowledged && !gone(i)) left.push_back(i);
  }
  // All of it was flushed: then that has not helped.
  if (left.empty() && hands.call.empty()) {
    for (const std::uint32_t i : hands.held) {
      if (i >= recorded_ && !fates_[i].acknowledged && !gone(i)) left.push_back(i);
    }
  }
  for (const std::uint32_t i : hands.call) {
    const bool leaves = fates_[i].rejected && setting_.gives_up();
    if (i >= recorded_ && !fates_[i].acknowledged && !gone(i) && !leaves) left.push_back(i);
  }
  return left;
}

bool Promises::may_fail(std::span<const std::uint32_t> suspects) const {
  const config::OnError& on_error = setting_.config.on_error;
  if (suspects.empty() || on_error.then == config::Then::block) return true;
  if (on_error.bisect && suspects.size() > 1) return true;
  const auto most = static_cast<std::uint32_t>(on_error.retry.max_attempts);
  return std::all_of(suspects.begin(), suspects.end(),
                     [&](std::uint32_t i) { return !good(i) || fates_[i].own + 1 < most; });
}

void Promises::failed(const Hands& hands) {
  disturbed(hands.held);
  disturbed(hands.call);
  const std::vector<std::uint32_t> to_blame = suspects(hands);
  // From the first of them on, what was flushed is suspected again.
  if (!to_blame.empty()) {
    for (std::uint32_t i = to_blame.front(); i < fates_.size(); ++i) fates_[i].flushed = false;
  }
  if (setting_.config.on_error.bisect && to_blame.size() != 1) {
    // They may be cleared by a flush that nobody saw us take back.
    if (hands.part.size() == 1) ++fates_[hands.part.front()].own;
    return;
  }
  for (const std::uint32_t i : to_blame) ++fates_[i].own;
}

void Promises::disturbed(std::span<const std::uint32_t> records) {
  for (const std::uint32_t i : records) ++fates_[i].failures;
}

// ---- Records that leave

void Promises::ordered_aside(std::uint32_t i, bool aged, std::int64_t wall_ms) {
  if (aged && !too_old(i, wall_ms)) fail(i, "is set aside for its age");
}

void Promises::set_aside(std::uint32_t i, std::uint32_t attempts, bool aged) {
  Fate& fate = fates_[i];
  if (!setting_.gives_up()) fail(i, "is set aside, and then is block or stop");
  if (fate.finished) fail(i, "is finished and set aside");
  if (i < recorded_) fail(i, "is checkpointed and set aside");
  if (fate.aside_durable) fail(i, "is set aside again");
  if (!aged) {
    const config::OnError& on_error = setting_.config.on_error;
    if (on_error.bisect && good(i)) fail(i, "is good and set aside");
    const bool spent = fate.own >= static_cast<std::uint32_t>(on_error.retry.max_attempts);
    if (!spent && !fate.rejected && !fate.permanent) fail(i, "is set aside before its time");
    if (attempts == 0) fail(i, "is set aside, and its dead letter knows of no try");
  }
  if (attempts > fate.failures) fail(i, "failed less often than its dead letter says");
  fate.aside = true;
  if (!fate.aside_pending) ++pending_asides_;
  fate.aside_pending = true;
}

void Promises::journal_synced() {
  if (pending_asides_ == 0) return;
  pending_asides_ = 0;
  for (Fate& fate : fates_) {
    if (fate.aside_pending) fate.aside_durable = true;
    fate.aside_pending = false;
  }
}

// ---- The daemon

void Promises::checkpointed(std::uint32_t count, std::uint32_t delivered) const {
  if (count > delivered) fail(count - 1, "is checkpointed before it was delivered");
  for (std::uint32_t i = begin_; i < count; ++i) {
    if (!safe(i)) fail(i, "is checkpointed and not finished");
  }
}

void Promises::initialized(std::uint32_t count, bool by_checkpoints) const {
  for (std::uint32_t i = begin_; i < count; ++i) {
    if (by_checkpoints ? i >= recorded_ && !finished(i) : !safe(i)) {
      fail(i, "is not finished, and an instance begins behind it");
    }
  }
}

bool Promises::may_stop(std::int64_t wall_ms) const {
  const config::OnError& on_error = setting_.config.on_error;
  for (std::uint32_t i = recorded_; i < fates_.size(); ++i) {
    if (too_old(i, wall_ms)) return true;
    const bool spent = fates_[i].own >= static_cast<std::uint32_t>(on_error.retry.max_attempts) || fates_[i].rejected ||
                       fates_[i].permanent;
    if (spent && (!on_error.bisect || !good(i))) return true;
  }
  return false;
}

// ---- The end

void Promises::over(bool undisturbed) const {
  for (std::uint32_t i = 0; i < fates_.size(); ++i) {
    if (!fates_[i].accepted && !fates_[i].aside) fail(i, "is lost: neither in the output nor set aside");
  }
  if (!undisturbed) return;
  if (lives_ != 1) throw Violation{"the daemon noticed: " + std::to_string(lives_) + " lives of the host"};
  const double n = static_cast<double>(fates_.size());
  const double most = static_cast<double>(setting_.bad_records()) *
                      (3 * std::ceil(std::log2(n + 1)) + 2 * setting_.config.on_error.retry.max_attempts);
  if (static_cast<double>(deaths_) > most) {
    throw Violation{std::to_string(deaths_) + " workers died of " + std::to_string(setting_.bad_records()) +
                    " records among " + std::to_string(fates_.size())};
  }
}

}  // namespace kclhost::host::simulation
