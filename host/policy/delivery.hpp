// What happens to a batch that does not go through at once: retry, bisection, and what becomes of a record that never
// does.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <vector>

#include "config/config.hpp"

namespace kclhost::host::policy {

// Decides, for one batch given to one instance, what to do next. Pure: it knows records by their index alone and does
// nothing itself, so that every path of it can be tested in microseconds. Use: ask next(), do that, say how it went,
// until next() says done or stop.
//
// Order is kept: no record is delivered before those in front of it are finished (accepted, or given up). A failing
// range is delivered whole max_attempts times. Then it is halved, the front half first, until a single record fails;
// only that one is given up, after max_attempts tries of its own. Each half that passes is finished and never delivered
// again, so k bad records among n cost O(k log n) deliveries.
class Delivery {
 public:
  enum class Step {
    deliver,  // give the records [first, last) to the plugin; then succeeded() or failed()
    wait,     // let `wait` pass; then waited()
    give_up,  // the records [first, last) go to on_error.then (skip or dead_letter); then given_up()
    stop,     // end without acknowledging; nothing more is asked
    done,     // every record is finished
  };
  struct Action {
    Step step;
    std::uint32_t first = 0, last = 0;
    std::uint32_t attempt = 1;  // of these records, counted from 1
    // What a Suspect must know if this process does not live to see the delivery's end.
    std::uint32_t tries = 1;
    bool searching = false;
    config::Milliseconds wait{0};
    bool blocked = false;  // wait: the shard stands still until this record passes
  };
  // A delivery that an earlier process began and did not live to finish. It counts as a failure, except that a range
  // which can't be halved is tried once more before it is given up: the process may have ended for another reason.
  // Where `then` is stop, it is always tried: somebody may have mended the plugin.
  struct Suspect {
    std::uint32_t first, last;
    std::uint32_t tries;     // of this range, the last one included; 0: it is known from another range that one fails
    bool searching = false;  // halving had begun
    bool part = false;       // other records were tried with these, so that the tries say little of them by themselves
  };
  // Says whether a record is too old to be tried; empty: none is.
  using TooOld = std::function<bool(std::uint32_t)>;

  // `seed` is for the backoff's jitter. The configuration must outlive this.
  Delivery(const config::OnError& config, std::uint32_t seed) : config_(config), random_(seed) {}

  // Starts on a batch of `count` records.
  void begin(std::uint32_t count, std::optional<Suspect> suspect = std::nullopt, TooOld too_old = {});

  Action next();
  void succeeded();
  // `finished` records at the front of the range are done all the same.
  void failed(std::uint32_t finished);
  void waited();
  void given_up();

  // The records before this index are finished.
  std::uint32_t finished() const { return done_; }
  // How often a record was part of a delivery that failed.
  std::uint32_t failures_of(std::uint32_t index) const;
  // What the next process must know of this batch if this one ends between two deliveries.
  std::optional<Suspect> known() const;
  // Why the record at hand is given up: it was never tried, because it is too old.
  bool gave_up_for_age() const { return aged_; }

 private:
  void choose_range();
  void go_on_with(const Suspect& suspect);
  void halve(std::uint32_t bad_end);
  void pass(std::uint32_t to);
  void exhausted();

  const config::OnError& config_;
  std::minstd_rand random_;
  TooOld too_old_;
  std::optional<Suspect> suspect_;
  std::uint32_t count_ = 0;
  std::uint32_t done_ = 0;
  std::uint32_t last_ = 0;     // the range at hand is [done_, last_)
  std::uint32_t bad_end_ = 0;  // a record in [done_, bad_end_) is known to fail; 0: nothing is known
  std::uint32_t tries_ = 0;    // failed deliveries of the range at hand, or of the single record
  bool searching_ = false;     // halving has begun in this batch: whole ranges are no longer tried twice
  bool blocked_ = false;       // the range at hand has used up its tries, and on_error.then is block
  bool aged_ = false;          // the range at hand is given up untried
  enum class Due { deliver, wait, give_up, stop } due_ = Due::deliver;
  config::Milliseconds wait_{0};
  struct Range {
    std::uint32_t first, last;
  };
  std::vector<Range> failed_;  // the ranges of the deliveries that failed
};

}  // namespace kclhost::host::policy
