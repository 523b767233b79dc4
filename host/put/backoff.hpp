// How long to wait between attempts.
#pragma once

#include <algorithm>
#include <chrono>
#include <random>

#include "support/random_seed.hpp"

namespace kclhost::host::put {

// Doubles from first to longest; each wait is a random part, at least half, of that, so that writers that were
// throttled together do not come back together.
class Backoff {
 public:
  using Milliseconds = std::chrono::milliseconds;

  explicit Backoff(Milliseconds first = Milliseconds{100}, Milliseconds longest = Milliseconds{5'000})
      : first_(first), longest_(longest), current_(first) {}

  Milliseconds next() {
    std::uniform_int_distribution<Milliseconds::rep> part(current_.count() / 2, current_.count());
    const Milliseconds wait{part(random_)};
    current_ = std::min(current_ * 2, longest_);
    return wait;
  }

  void reset() { current_ = first_; }

 private:
  Milliseconds first_;
  Milliseconds longest_;
  Milliseconds current_;
  std::minstd_rand random_{random_seed()};
};

}  // namespace kclhost::host::put
