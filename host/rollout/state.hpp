// The releases of one application on one machine: which one runs, which one is on trial, which ones were refused, and
// what happened. Plain data; decide.hpp changes it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/result.hpp"

namespace kclhost::host::rollout {

// Of one folder of state, from 1 on; 0: none.
using Release = std::uint32_t;

// Milliseconds since 1970: a trial outlives the process, and the machine's start.
using WallTime = std::int64_t;

struct Trial {
  Release release = 0;
  Release previous = 0;  // the one that runs where this one does not, and gives the second opinion
  std::string content;   // of the release on trial
  std::uint32_t step = 0;
  WallTime began = 0;               // the trial
  WallTime since = 0;               // the step, or the first of its shards; what was paused is left out
  WallTime paused = 0;              // when; 0: it is not
  std::vector<std::string> shards;  // those that have the release on trial

  bool operator==(const Trial&) const = default;
};

// A content that is not tried again.
struct Refusal {
  std::string content;
  Release release = 0;  // 0: it never became one
  std::string why;
  WallTime at = 0;

  bool operator==(const Refusal&) const = default;
};

enum class What {
  staged,     // its files are on the disk
  first,      // runs, and there was none before
  trial,      // it is on trial from now on
  took,       // a shard has taken the release on trial
  step,       // the next step of the rollout
  confirmed,  // the trial is over: all shards run it from now on
  promoted,   // the same, because somebody said so
  refused,    // it could not take over
  undone,     // all shards go back
  withdrawn,  // the candidate is the one before again
  paused,
  resumed,
};

std::string_view name_of(What what);

struct Event {
  WallTime at = 0;
  What what = What::staged;
  Release release = 0;
  std::string why, who;  // may be empty

  bool operator==(const Event&) const = default;
};

struct State {
  static constexpr std::size_t most_events = 50, most_refusals = 50;

  std::string application;  // whose releases they are
  Release current = 0;      // 0: none has ever been initialized
  Release before = 0;       // current's predecessor
  Release candidate = 0;    // while there is no current one: what every host starts
  std::string current_content, candidate_content;
  std::optional<Trial> trial;
  std::vector<Refusal> refused;
  std::vector<Event> history;  // the newest last

  bool operator==(const State&) const = default;
};

std::string to_json(const State& state);
// The error says what is wrong with the text.
Result<State> state_from_json(std::string_view text);

}  // namespace kclhost::host::rollout
