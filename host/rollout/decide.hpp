// What becomes of the releases. Pure: no file, process or clock.
#pragma once

#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"
#include "rollout/report.hpp"
#include "rollout/state.hpp"

namespace kclhost::host::rollout {

inline constexpr WallTime no_time = std::numeric_limits<WallTime>::max();

// Fewer records than this say nothing about the time that one takes.
inline constexpr std::uint64_t least_to_compare = 100;
// A worker that has grown by less is never too large.
inline constexpr std::uint64_t least_growth = 64u << 20;

// What a shard is to run.
struct Wanted {
  Release release = 0;  // 0: there is none
  Release before = 0;   // gives the second opinion while `release` is on trial; 0: it is not

  bool operator==(const Wanted&) const = default;
};

Wanted wanted(const State& state, std::string_view shard);

// How many of so many shards a step takes, one at least.
std::size_t shards_of(const config::RolloutStep& step, std::size_t live);

// When decide() has something to do though nothing is reported; no_time: never.
WallTime due(const State& state, const config::Rollout& settings);

// Nothing when the content may be tried.
const Refusal* refusal_of(const State& state, std::string_view content);

// Whether a shard has initialized the release. The history is short: false where it says nothing of that any more.
bool was_taken(const State& state, Release release);

// One change of the state, by somebody. What happens is noted in the state's history.
class Change {
 public:
  // `who` is a shard, or a command.
  Change(State& state, WallTime now, std::string who) : state_(state), now_(now), who_(std::move(who)) {}

  // A release was made.
  void staged(Release release, const std::string& what) { note(What::staged, release, what); }
  // The candidate is a release with this content: it goes on trial, unless it runs, is on trial, or was refused. Where
  // nothing runs yet, every host starts it. A candidate that is the current release again ends a trial.
  void found(Release release, const std::string& content);
  // A shard has initialized it.
  void took(Release release);
  // It could not take over from the one before. The trial is over.
  void refused(Release release, const std::string& why);
  // The trial is over, and its content is not tried again.
  void undo(const std::string& why);
  // All shards go to this release, and what ran or was on trial is not tried again. Where it alone runs already,
  // nothing changes.
  void undo_to(Release release, const std::string& content, const std::string& why);
  // All shards go to this release, which may have been refused before.
  void promote(Release release, const std::string& content);
  void pause();
  void resume();
  // What the reports of the live shards, and the time, make of the trial.
  void decide(std::span<const Report> live, const config::Rollout& settings);

  // In the order it came.
  const std::vector<Event>& happened() const { return happened_; }

 private:
  void note(What what, Release release, const std::string& why = {});
  void refuse(const std::string& content, Release release, const std::string& why);
  void forgive(std::string_view content);
  void run(Release release, const std::string& content);
  void fill(std::span<const Report> live, const config::Rollout& settings);
  bool is_baked(std::span<const Report> live, const config::Bake& bake) const;
  void next_step(std::span<const Report> live, const config::Rollout& settings);

  State& state_;
  WallTime now_;
  std::string who_;
  std::vector<Event> happened_;
};

}  // namespace kclhost::host::rollout
