// kclhost rollout undo, pause, resume, promote.
#include <algorithm>

#include "cli/rollout_desk.hpp"
#include "support/exit_code.hpp"

namespace kclhost::host::cli::rollouts {
namespace {

using rollout::Change;
using rollout::Release;
using rollout::State;

// Until each live shard runs this release; another command or the release itself may come in between.
int wait_for(Desk& desk, const Options& options, Release release) {
  const Time end = end_of(options);
  for (;;) {
    const State state = desk.state();
    if (state.current != release) {
      throw Failure{exit_stopped, "release " + std::to_string(release) + " was given up meanwhile; release " +
                                      std::to_string(state.current) + " runs"};
    }
    std::string others;
    std::size_t shards = 0;
    for (const rollout::Report& report : desk.live()) {
      ++shards;
      if (report.runs != release) others += (others.empty() ? "" : ", ") + report.shard;
    }
    if (others.empty()) {
      say(options, release,
          "release " + std::to_string(release) + " runs on " + std::to_string(shards) +
              (shards == 1 ? " shard" : " shards"),
          true);
      return exit_done;
    }
    if (desk.wait(end)) continue;
    say(options, release, "release " + std::to_string(release) + " does not run yet on " + others, false);
    return exit_under_way;
  }
}

// The release that ran before, where none is named.
Release before(const State& state) {
  if (state.trial) return state.current;
  if (state.before != 0) return state.before;
  throw Failure{exit_stopped, "no release is on trial and none ran before; name one with --to"};
}

Release number_of(int number) {
  return static_cast<Release>(std::max(number, 0));
}

}  // namespace

int undo(const Options& options) {
  Desk desk(options);
  const State after = desk.change([&](const State& state, Change& change) {
    if (!options.to && state.trial) return change.undo("by hand");
    const Release to = options.to ? number_of(*options.to) : before(state);
    const std::string content = desk.release(to).content;
    // Undone twice, perhaps by a script that tries again: what was given up comes back by its name alone.
    if (const rollout::Refusal* const refusal = options.to ? nullptr : rollout::refusal_of(state, content)) {
      throw Failure{exit_stopped, "release " + std::to_string(to) + " ran before, and was given up: " + refusal->why +
                                      "; name a release with --to"};
    }
    change.undo_to(to, content, "by hand");
  });
  return wait_for(desk, options, after.current);
}

int promote(const Options& options) {
  Desk desk(options);
  const State after = desk.change([&](const State& state, Change& change) {
    if (!options.to && !state.trial) {
      throw Failure{exit_stopped, "no release is on trial; name one with --to"};
    }
    const Release to = options.to ? number_of(*options.to) : state.trial->release;
    change.promote(to, desk.release(to).content);
  });
  return wait_for(desk, options, after.current);
}

int pause(const Options& options) {
  Desk desk(options);
  const State after = desk.change([](const State& state, Change& change) {
    if (!state.trial) throw Failure{exit_stopped, "no release is on trial"};
    change.pause();
  });
  const Release release = after.trial->release;
  say(options, release, "the trial of release " + std::to_string(release) + " is paused", true);
  return exit_done;
}

int resume(const Options& options) {
  Desk desk(options);
  const State after = desk.change([](const State& state, Change& change) {
    if (!state.trial) throw Failure{exit_stopped, "no release is on trial"};
    change.resume();
  });
  const Release release = after.trial->release;
  say(options, release, "the trial of release " + std::to_string(release) + " goes on", true);
  return exit_done;
}

}  // namespace kclhost::host::cli::rollouts
