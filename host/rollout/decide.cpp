#include "rollout/decide.hpp"

#include <algorithm>
#include <cmath>

namespace kclhost::host::rollout {
namespace {

bool has(const std::vector<std::string>& shards, std::string_view shard) {
  return std::find(shards.begin(), shards.end(), shard) != shards.end();
}

// With one digit behind the point.
std::string times(double ratio) {
  const long tenths = std::lround(ratio * 10);
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10);
}

// Why the reports condemn the release on trial; "" when they don't.
std::string objection(const Trial& trial, std::span<const Report> live, const config::UndoOn& limits) {
  std::uint64_t crashes = 0, failures = 0;
  std::string blame;
  double tried_time = 0, tried_records = 0, previous_time = 0, previous_records = 0;
  for (const Report& report : live) {
    if (report.trial != trial.release) continue;
    crashes += report.crashes;
    failures += report.failures;
    if (!report.blame.empty()) blame = report.shard + ": " + report.blame;
    const Tally &tried = report.tried, &previous = report.previous;
    if (tried.records >= least_to_compare && previous.records >= least_to_compare) {
      tried_time += static_cast<double>(tried.nanoseconds);
      tried_records += static_cast<double>(tried.records);
      previous_time += static_cast<double>(previous.nanoseconds);
      previous_records += static_cast<double>(previous.records);
    }
    if (!limits.more_memory_than || previous.resident == 0 || tried.resident <= previous.resident + least_growth)
      continue;
    const double grown = static_cast<double>(tried.resident) / static_cast<double>(previous.resident);
    if (grown > *limits.more_memory_than)
      return report.shard + ": it takes " + times(grown) + " times the memory of the release before";
  }
  if (crashes >= static_cast<std::uint64_t>(limits.crashes) ||
      failures >= static_cast<std::uint64_t>(limits.failures_of_new_only)) {
    return blame.empty() ? "it failed" : blame;
  }
  if (!limits.slower_than || previous_time <= 0 || tried_records <= 0) return {};
  const double slower = (tried_time / tried_records) / (previous_time / previous_records);
  if (slower <= *limits.slower_than) return {};
  return "it takes " + times(slower) + " times as long a record as the release before";
}

}  // namespace

Wanted wanted(const State& state, std::string_view shard) {
  if (state.current == 0) return {state.candidate, 0};
  if (state.trial && has(state.trial->shards, shard)) return {state.trial->release, state.trial->previous};
  return {state.current, 0};
}

std::size_t shards_of(const config::RolloutStep& step, std::size_t live) {
  const auto number = static_cast<std::size_t>(step.number);
  return std::max<std::size_t>(1, step.percent ? (live * number + 99) / 100 : std::min(number, live));
}

WallTime due(const State& state, const config::Rollout& settings) {
  if (!state.trial || state.trial->paused != 0) return no_time;
  return state.trial->since + settings.bake.time.count();
}

const Refusal* refusal_of(const State& state, std::string_view content) {
  const auto found = std::find_if(state.refused.begin(), state.refused.end(),
                                  [content](const Refusal& one) { return one.content == content; });
  return found == state.refused.end() ? nullptr : &*found;
}

bool was_taken(const State& state, Release release) {
  return std::any_of(state.history.begin(), state.history.end(), [release](const Event& one) {
    return one.release == release && (one.what == What::first || one.what == What::took);
  });
}

void Change::note(What what, Release release, const std::string& why) {
  happened_.push_back({now_, what, release, why, who_});
  std::vector<Event>& history = state_.history;
  history.push_back(happened_.back());
  if (history.size() <= State::most_events) return;
  // Many shards may take a release; what became of the release is worth more.
  const auto took =
      std::find_if(history.begin(), history.end(), [](const Event& one) { return one.what == What::took; });
  history.erase(took == history.end() ? history.begin() : took);
}

void Change::refuse(const std::string& content, Release release, const std::string& why) {
  forgive(content);
  state_.refused.push_back({content, release, why, now_});
  if (state_.refused.size() > State::most_refusals) state_.refused.erase(state_.refused.begin());
}

void Change::forgive(std::string_view content) {
  std::erase_if(state_.refused, [content](const Refusal& one) { return one.content == content; });
}

void Change::run(Release release, const std::string& content) {
  if (release != state_.current) state_.before = state_.current;
  state_.current = release;
  state_.current_content = content;
  state_.candidate = 0;
  state_.candidate_content.clear();
  state_.trial.reset();
}

void Change::found(Release release, const std::string& content) {
  if (state_.current == 0) {
    state_.candidate = release;
    state_.candidate_content = content;
    return;
  }
  if (state_.trial && state_.trial->content == content) return;
  if (content == state_.current_content) {
    if (!state_.trial) return;
    note(What::withdrawn, state_.trial->release,
         "the candidate is release " + std::to_string(state_.current) + " again");
    state_.trial.reset();
    return;
  }
  if (refusal_of(state_, content) != nullptr) return;
  if (state_.trial) {
    note(What::withdrawn, state_.trial->release, "release " + std::to_string(release) + " takes its place");
  }
  state_.trial = Trial{.release = release,
                       .previous = state_.current,
                       .content = content,
                       .step = 0,
                       .began = now_,
                       .since = now_,
                       .paused = 0,
                       .shards = {}};
  note(What::trial, release);
}

void Change::took(Release release) {
  if (release == 0) return;
  if (state_.current == 0 && release == state_.candidate) {
    run(release, std::string(state_.candidate_content));
    note(What::first, release);
  } else if (state_.trial && release == state_.trial->release) {
    note(What::took, release);
  }
}

void Change::refused(Release release, const std::string& why) {
  if (!state_.trial || state_.trial->release != release) return;
  refuse(state_.trial->content, release, why);
  state_.trial.reset();
  note(What::refused, release, why);
}

void Change::undo(const std::string& why) {
  if (!state_.trial) return;
  const Release release = state_.trial->release;
  refuse(state_.trial->content, release, why);
  state_.trial.reset();
  note(What::undone, release, why);
}

void Change::undo_to(Release release, const std::string& content, const std::string& why) {
  if (!state_.trial && release == state_.current) return;
  const Release undone = state_.trial ? state_.trial->release : state_.current;
  if (state_.trial && state_.trial->content != content) refuse(state_.trial->content, state_.trial->release, why);
  if (state_.current != 0 && state_.current_content != content) refuse(state_.current_content, state_.current, why);
  forgive(content);
  run(release, content);
  note(What::undone, undone, why + "; release " + std::to_string(release) + " runs");
}

void Change::promote(Release release, const std::string& content) {
  forgive(content);
  run(release, content);
  note(What::promoted, release);
}

void Change::pause() {
  if (!state_.trial || state_.trial->paused != 0) return;
  state_.trial->paused = now_;
  note(What::paused, state_.trial->release);
}

void Change::resume() {
  if (!state_.trial || state_.trial->paused == 0) return;
  // The step may have begun anew in the pause.
  state_.trial->since += now_ - std::max(state_.trial->paused, state_.trial->since);
  state_.trial->paused = 0;
  note(What::resumed, state_.trial->release);
}

// Those that have it keep it; the others come in the order of their names.
void Change::fill(std::span<const Report> live, const config::Rollout& settings) {
  Trial& trial = *state_.trial;
  const auto is_live = [live](const std::string& shard) {
    return std::any_of(live.begin(), live.end(), [&shard](const Report& report) { return report.shard == shard; });
  };
  std::erase_if(trial.shards, [&is_live](const std::string& shard) { return !is_live(shard); });
  std::vector<std::string> others;
  for (const Report& report : live) {
    if (!has(trial.shards, report.shard) && !has(others, report.shard)) others.push_back(report.shard);
  }
  std::sort(others.begin(), others.end());
  // While no shard had the release, as when all hosts are started anew, nothing was tried.
  if (trial.shards.empty() && !others.empty()) trial.since = now_;
  const std::size_t all = trial.shards.size() + others.size();
  // A configuration that was changed meanwhile may have fewer steps.
  const std::size_t step = std::min<std::size_t>(trial.step, settings.steps.size() - 1);
  const std::size_t wanted = shards_of(settings.steps[step], all);
  for (std::string& shard : others) {
    if (trial.shards.size() < wanted) trial.shards.push_back(std::move(shard));
  }
}

bool Change::is_baked(std::span<const Report> live, const config::Bake& bake) const {
  const Trial& trial = *state_.trial;
  if (now_ - trial.since < bake.time.count()) return false;
  std::uint64_t records = 0;
  std::size_t run_it = 0;  // no data is no success, of no shard
  for (const Report& report : live) {
    if (report.runs == trial.release && has(trial.shards, report.shard)) ++run_it;
    if (report.trial == trial.release && report.step == trial.step) records += report.step_records;
  }
  return run_it != 0 && run_it == trial.shards.size() && records >= bake.records;
}

// Steps that take no more shards than have it already are passed over.
void Change::next_step(std::span<const Report> live, const config::Rollout& settings) {
  Trial& trial = *state_.trial;
  const std::size_t before = trial.shards.size();
  while (trial.shards.size() == before) {
    if (std::size_t{trial.step} + 1 >= settings.steps.size()) {
      const Trial over = trial;
      run(over.release, over.content);
      return note(What::confirmed, over.release);
    }
    ++trial.step;
    fill(live, settings);
  }
  trial.since = now_;
  note(What::step, trial.release,
       "step " + std::to_string(trial.step + 1) + " of " + std::to_string(settings.steps.size()) + ": " +
           std::to_string(trial.shards.size()) + " shards");
}

void Change::decide(std::span<const Report> live, const config::Rollout& settings) {
  if (!state_.trial) return;
  if (const std::string why = objection(*state_.trial, live, settings.undo_on); !why.empty()) return undo(why);
  // Shards come and go in a pause, too.
  fill(live, settings);
  if (state_.trial->paused == 0 && is_baked(live, settings.bake)) next_step(live, settings);
}

}  // namespace kclhost::host::rollout
