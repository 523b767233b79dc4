// The rest of the failure policy with a bug: lanes, checkpoints, and what is remembered.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/checkpoints.hpp"
#include "policy/lanes.hpp"
#include "policy_world_lane.hpp"

namespace kclhost::host::policy::mutants {

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
  Position last_;
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

}  // namespace kclhost::host::policy::mutants
