// Delivery with a bug: one mutant for each promise that the randomized test watches over.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "policy/delivery.hpp"

namespace kclhost::host::policy::mutants {

using Action = policy::Delivery::Action;
using Step = policy::Delivery::Step;

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

// ---- checkpoints past an unfinished record

// Counts what is in flight.
struct FinishedWhenDelivered : policy::Delivery {
  using Delivery::Delivery;
  std::uint32_t finished() { return std::max(Delivery::finished(), Delivery::next().last); }
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

}  // namespace kclhost::host::policy::mutants
