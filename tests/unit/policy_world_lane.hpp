// What a random world's host is made of, and one of its lanes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "config/config.hpp"
#include "policy/checkpoints.hpp"
#include "policy/delivery.hpp"
#include "policy/lanes.hpp"

namespace kclhost::host::policy {

// What a world is made of. A mutant has one part replaced by one with a bug.
struct SoundParts {
  using Delivery = policy::Delivery;
  using Lanes = policy::Lanes;
  using Checkpoints = policy::Checkpoints;
  static constexpr bool checkpoints_whole_aggregates = false;
  static constexpr bool forgets_tries = false;              // what was under way is not known after a restart
  static constexpr bool counts_foreign_tries = false;       // a record inherits the tries of the ranges it was part of
  static constexpr bool retries_suspects_together = false;  // other lanes go on beside the one that ended the host
};

// What the journal remembers of a lane.
struct Tried {
  std::uint32_t first, last;  // records, both included
  std::uint32_t tries;
  bool searching;
};

template <class Parts>
struct WorldLane {
  WorldLane(const config::OnError& on_error, std::uint32_t seed) : delivery(on_error, seed) {}

  typename Parts::Delivery delivery;
  std::optional<Tried> left_over;    // by an earlier process
  std::vector<std::uint32_t> share;  // of the batch: records
  policy::Delivery::Action action{};
  bool in_flight = false, done = false;

  // What the delivery is about.
  std::span<const std::uint32_t> in_hand() const {
    return std::span(share).subspan(action.first, action.last - action.first);
  }

  // The part of the share that an earlier process was trying when it ended.
  std::optional<policy::Delivery::Suspect> suspect() const {
    if (!left_over) return std::nullopt;
    const auto from = std::lower_bound(share.begin(), share.end(), left_over->first);
    const auto to = std::upper_bound(share.begin(), share.end(), left_over->last);
    if (from >= to) return std::nullopt;
    return policy::Delivery::Suspect{static_cast<std::uint32_t>(from - share.begin()),
                                     static_cast<std::uint32_t>(to - share.begin()), left_over->tries,
                                     left_over->searching, *from != left_over->first || *(to - 1) != left_over->last};
  }

  // What the journal says while no delivery is under way.
  std::optional<Tried> known() const {
    const auto known = delivery.known();
    if (!known) return left_over;
    return Tried{share[known->first], share[known->last - 1], known->tries, known->searching};
  }
};

}  // namespace kclhost::host::policy
