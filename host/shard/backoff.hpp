// Exponential backoff with jitter.
#pragma once

#include <algorithm>
#include <random>

#include "config/config.hpp"

namespace kclhost::host {

// The wait before try number `attempt` + 1, when `attempt` tries (from 1) have failed: doubled each time up to the
// maximum, then shortened by up to half at random, so that shards which failed together don't come back together.
template <class Random>
config::Milliseconds backoff(const config::Retry& retry, int attempt, Random& random) {
  const int doublings = std::clamp(attempt - 1, 0, 40);
  const auto full = std::min<std::int64_t>(retry.max_backoff.count(),
                                           retry.initial_backoff.count() > (retry.max_backoff.count() >> doublings)
                                               ? retry.max_backoff.count()
                                               : retry.initial_backoff.count() << doublings);
  std::uniform_int_distribution<std::int64_t> jitter(full - full / 2, std::max<std::int64_t>(full, 0));
  return config::Milliseconds(jitter(random));
}

}  // namespace kclhost::host
