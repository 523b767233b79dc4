// The failure policy with a bug: one mutant for each promise that the randomized test watches over.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy_world.hpp"

namespace kclhost::policy::mutants {

using Action = policy::Delivery::Action;
using Step = policy::Delivery::Step;

template <class D>
struct WithDelivery : SoundParts {
  using Delivery = D;
};
template <class L>
struct WithLanes : SoundParts {
  using Lanes = L;
};
template <class C>
struct WithCheckpoints : SoundParts {
  using Checkpoints = C;
};

// ---- records lost

struct AcknowledgesFailures : policy::Delivery {
  using Delivery::Delivery;
  void failed(std::uint32_t) { succeeded(); }
};

// Takes the first record that was not finished for the last one that was.
struct CountsOneTooMany : policy::Delivery {
  using Delivery::Delivery;
  void failed(std::uint32_t finished) { Delivery::failed(finished == 0 ? 0 : finished + 1); }
};

struct LeavesOutTheLastRecord : policy::Delivery {
  using Delivery::Delivery;
  Action next() {
    Action action = Delivery::next();
    if (action.step == Step::deliver && action.searching && action.last - action.first > 2) --action.last;
    return action;
  }
};

// ---- records delivered twice

struct RepeatsWhatIsFinished : policy::Delivery {
  using Delivery::Delivery;
  void failed(std::uint32_t) { Delivery::failed(0); }
};

// ---- order broken

struct SpreadsEvenly : policy::Lanes {
  using Lanes::Lanes;
  void split(const Batch& batch) {
    Lanes::split(batch);
    shares_.assign(count(), {});
    for (std::uint32_t i = 0; i < batch.count; ++i) shares_[i % count()].push_back(i);
  }
  const std::vector<std::uint32_t>& indexes(unsigned lane) const { return shares_[lane]; }
  std::uint32_t low_water(std::span<const std::uint32_t> finished) const {
    std::uint32_t first = std::accumulate(shares_.begin(), shares_.end(), 0u, [](std::uint32_t sum, const auto& share) {
      return sum + static_cast<std::uint32_t>(share.size());
    });
    for (std::size_t lane = 0; lane < shares_.size(); ++lane) {
      if (finished[lane] < shares_[lane].size()) first = std::min(first, shares_[lane][finished[lane]]);
    }
    return first;
  }

 private:
  std::vector<std::vector<std::uint32_t>> shares_;
};

struct TurnsALaneRound : policy::Lanes {
  using Lanes::Lanes;
  void split(const Batch& batch) {
    Lanes::split(batch);
    shares_.clear();
    for (unsigned lane = 0; lane < count(); ++lane) {
      const std::vector<std::uint32_t>& share = Lanes::indexes(lane);
      shares_.emplace_back(share.rbegin(), share.rend());
    }
  }
  const std::vector<std::uint32_t>& indexes(unsigned lane) const { return shares_[lane]; }

 private:
  std::vector<std::vector<std::uint32_t>> shares_;
};

// ---- checkpoints past an unfinished record

// As far as the fastest lane is.
struct HighWater : policy::Lanes {
  using Lanes::Lanes;
  std::uint32_t low_water(std::span<const std::uint32_t> finished) const {
    std::uint32_t high = 0;
    for (unsigned lane = 0; lane < count(); ++lane) {
      if (finished[lane] > 0) high = std::max(high, indexes(lane)[finished[lane] - 1] + 1);
    }
    return std::max(high, Lanes::low_water(finished));
  }
};

// A sum says nothing about which ones.
struct AddsUp : policy::Lanes {
  using Lanes::Lanes;
  std::uint32_t low_water(std::span<const std::uint32_t> finished) const {
    return std::accumulate(finished.begin(), finished.end(), 0u);
  }
};

// Counts what is in flight.
struct FinishedWhenDelivered : policy::Delivery {
  using Delivery::Delivery;
  std::uint32_t finished() { return std::max(Delivery::finished(), Delivery::next().last); }
};

struct WholeAggregates : SoundParts {
  static constexpr bool checkpoints_whole_aggregates = true;
};

// ---- checkpoints that must not be

struct IgnoresALostLease {
  IgnoresALostLease(const config::Checkpoint& config, CheckpointRoute& route) : config_(config), route_(route) {
    begin();
  }
  void finished(std::string_view sequence_number, std::int64_t sub_sequence_number) {
    last_ = {std::string(sequence_number), sub_sequence_number};
    checkpoints_->finished(sequence_number, sub_sequence_number);
  }
  void record_if_due() {
    checkpoints_->record_if_due();
    begin();
  }
  void record_now() {
    checkpoints_->record_now();
    begin();
  }

 private:
  // As if nothing had been heard.
  void begin() {
    if (checkpoints_ && !checkpoints_->lease_lost()) return;
    checkpoints_.emplace(config_, route_);
    if (!last_.none()) checkpoints_->finished(last_.sequence_number, last_.sub_sequence_number);
  }
  const config::Checkpoint& config_;
  CheckpointRoute& route_;
  std::optional<policy::Checkpoints> checkpoints_;
  Place last_;
};

struct ForgetsTheSubSequence : policy::Checkpoints {
  using Checkpoints::Checkpoints;
  void finished(std::string_view sequence_number, std::int64_t) { Checkpoints::finished(sequence_number, 0); }
};

struct NeverRecords : policy::Checkpoints {
  using Checkpoints::Checkpoints;
  void record_if_due() {}
  void record_now() {}
};

// ---- dead letters

struct TakesTheNextToo : policy::Delivery {
  using Delivery::Delivery;
  void begin(std::uint32_t count, std::optional<Suspect> suspect, TooOld too_old) {
    count_ = count;
    Delivery::begin(count, suspect, std::move(too_old));
  }
  Action next() {
    Action action = Delivery::next();
    if (action.step == Step::give_up && action.last < count_) ++action.last;
    return action;
  }

 private:
  std::uint32_t count_ = 0;
};

struct GivesUpInSilence : policy::Delivery {
  using Delivery::Delivery;
  Action next() {
    Action action = Delivery::next();
    while (action.step == Step::give_up) {
      given_up();
      action = Delivery::next();
    }
    return action;
  }
};

struct WritesTwice : policy::Delivery {
  using Delivery::Delivery;
  void given_up() {
    if ((twice_ = !twice_)) return;
    Delivery::given_up();
  }

 private:
  bool twice_ = false;
};

// Whole ranges, where a search was asked for.
struct GivesUpTheWholeRange : policy::Delivery {
  GivesUpTheWholeRange(const config::OnError& config, std::uint32_t seed) : Delivery(changed_, seed), changed_(config) {
    changed_.bisect = false;
  }

 private:
  config::OnError changed_;
};

struct GivesUpTooSoon : policy::Delivery {
  using Delivery::Delivery;
  void failed(std::uint32_t finished) {
    Delivery::failed(finished);
    if (next().step == Step::wait) {
      waited();
      Delivery::failed(0);
    }
  }
};

struct ExaggeratesFailures : policy::Delivery {
  using Delivery::Delivery;
  std::uint32_t failures_of(std::uint32_t index) const { return Delivery::failures_of(index) + 1; }
};

// ---- tries

struct ForgetsTries : SoundParts {
  static constexpr bool forgets_tries = true;
};
struct CountsForeignTries : SoundParts {
  static constexpr bool counts_foreign_tries = true;
};
struct RetriesSuspectsTogether : SoundParts {
  static constexpr bool retries_suspects_together = true;
};

// Between two deliveries nothing is known of the search.
struct ForgetsTheSearch : policy::Delivery {
  using Delivery::Delivery;
  std::optional<Suspect> known() const { return std::nullopt; }
};

// Takes tries of a range for those of a part of it.
struct TrustsTriesOfAPart : policy::Delivery {
  using Delivery::Delivery;
  void begin(std::uint32_t count, std::optional<Suspect> suspect, TooOld too_old) {
    if (suspect) suspect->part = false;
    Delivery::begin(count, suspect, std::move(too_old));
  }
};

struct TriesForEver : policy::Delivery {
  using Delivery::Delivery;
  Action next() {
    Action action = Delivery::next();
    if (action.step == Step::give_up && !gave_up_for_age())
      return {.step = Step::wait, .first = action.first, .last = action.last};
    return action;
  }
};

}  // namespace kclhost::policy::mutants
