// kclhost rollout status, history.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <vector>

#include "cli/listing.hpp"
#include "cli/rollout_desk.hpp"
#include "support/excerpt.hpp"
#include "support/exit_code.hpp"

namespace kclhost::host::cli::rollouts {
namespace {

using rollout::Event;
using rollout::Release;
using rollout::Report;
using rollout::State;
using rollout::What;

// How the newest trial that is over has ended.
const Event* last_verdict(const State& state) {
  constexpr What verdicts[] = {What::first,   What::confirmed, What::promoted,
                               What::refused, What::undone,    What::withdrawn};
  const auto is_verdict = [&](const Event& event) {
    return std::find(std::begin(verdicts), std::end(verdicts), event.what) != std::end(verdicts);
  };
  const auto found = std::find_if(state.history.rbegin(), state.history.rend(), is_verdict);
  return found == state.history.rend() ? nullptr : &*found;
}

// What the newest trial came to: 0, 1, or 5 while it goes on.
int verdict(const State& state) {
  if (state.trial) return exit_under_way;
  const Event* const last = last_verdict(state);
  const bool is_given_up = last != nullptr && (last->what == What::undone || last->what == What::refused);
  return is_given_up ? exit_stopped : exit_done;
}

std::uint64_t step_records(const State& state, const std::vector<Report>& live) {
  std::uint64_t records = 0;
  for (const Report& report : live) {
    if (state.trial && report.trial == state.trial->release && report.step == state.trial->step)
      records += report.step_records;
  }
  return records;
}

void put_tally(std::string& out, std::string_view name, const rollout::Tally& tally) {
  put_key(out, name);
  out += '{';
  put_number(out, "records", tally.records);
  put_number(out, "failed_calls", tally.failures);
  put_number(out, "crashes", tally.crashes);
  put_number(out, "nanoseconds", tally.nanoseconds);
  put_number(out, "resident_bytes", tally.resident);
  out += '}';
}

std::string status_json(const Desk& desk, const State& state) {
  const std::vector<Report> live = desk.live();
  std::string out = "{";
  put_text(out, "application", state.application);
  put_number(out, "current", state.current);
  if (state.trial) {
    put_key(out, "trial");
    out += '{';
    put_number(out, "release", state.trial->release);
    put_number(out, "previous", state.trial->previous);
    put_number(out, "step", state.trial->step + 1);
    put_number(out, "steps", desk.config().rollout.steps.size());
    put_number(out, "step_records", step_records(state, live));
    put_number(out, "began_ms", state.trial->began);
    put_number(out, "step_began_ms", state.trial->since);
    put_key(out, "paused");
    out += state.trial->paused != 0 ? "true" : "false";
    out += '}';
  }
  put_key(out, "shards");
  out += '[';
  for (const Report& report : live) {
    out += out.back() == '[' ? "{" : ", {";
    put_text(out, "shard", report.shard);
    put_number(out, "pid", report.pid);
    put_number(out, "release", report.runs);
    const rollout::Wanted wanted = rollout::wanted(state, report.shard);
    put_number(out, "wanted", wanted.release);
    put_key(out, "on_trial");
    out += wanted.before != 0 ? "true" : "false";
    if (wanted.before != 0) {
      put_tally(out, "tried", report.tried);
      put_tally(out, "previous", report.previous);
    }
    out += '}';
  }
  out += "]";
  if (const Event* const last = last_verdict(state)) {
    put_key(out, "last");
    out += '{';
    put_text(out, "what", rollout::name_of(last->what));
    put_number(out, "release", last->release);
    put_text(out, "why", last->why);
    put_number(out, "at_ms", last->at);
    out += '}';
  }
  return out + "}";
}

std::string microseconds_a_record(const rollout::Tally& tally) {
  return tally.records == 0 ? "-" : std::to_string(tally.nanoseconds / tally.records / 1'000);
}

void print_status(const Desk& desk, const State& state) {
  const std::vector<Report> live = desk.live();
  if (state.current == 0) {
    std::puts("no release has run yet");
  } else {
    std::printf("release %u runs\n", state.current);
  }
  if (state.trial) {
    std::printf("release %u is on trial%s: step %u of %zu, %llu of %llu records\n", state.trial->release,
                state.trial->paused != 0 ? ", paused" : "", state.trial->step + 1, desk.config().rollout.steps.size(),
                static_cast<unsigned long long>(step_records(state, live)),
                static_cast<unsigned long long>(desk.config().rollout.bake.records));
  } else if (const Event* const last = last_verdict(state); last != nullptr && !last->why.empty()) {
    std::printf("release %u was %s: %s\n", last->release, std::string(rollout::name_of(last->what)).c_str(),
                excerpt(last->why, 200).c_str());
  }
  if (live.empty()) return void(std::puts("no shard is live"));
  std::vector<std::vector<std::string>> rows{
      {"SHARD", "PID", "RELEASE", "ON TRIAL", "RECORDS", "FAILED", "CRASHES", "US/RECORD", "BEFORE", "MIB"}};
  for (const Report& report : live) {
    const bool on_trial = rollout::wanted(state, report.shard).before != 0;
    const auto figure = [on_trial](const std::string& text) { return on_trial ? text : "-"; };
    rows.push_back({excerpt(report.shard, 40), std::to_string(report.pid), std::to_string(report.runs),
                    on_trial ? "yes" : "no", figure(std::to_string(report.tried.records)),
                    figure(std::to_string(report.tried.failures)), figure(std::to_string(report.tried.crashes)),
                    figure(microseconds_a_record(report.tried)), figure(microseconds_a_record(report.previous)),
                    figure(std::to_string(report.tried.resident >> 20))});
  }
  print_columns(rows);
}

}  // namespace

int status(const Options& options) {
  Desk desk(options);
  std::string before;
  for (;;) {
    const State state = desk.state();
    const std::string now = status_json(desk, state);
    if (now != before) {
      if (!before.empty() && !options.json) std::puts("");
      if (options.json)
        std::puts(now.c_str());
      else
        print_status(desk, state);
      std::fflush(stdout);
    }
    before = now;
    if (!options.watch || !state.trial) return verdict(state);
    // A reader that has gone needs no more of it.
    if (std::ferror(stdout) != 0) return exit_stopped;
    desk.wait(Time::max());
  }
}

int history(const Options& options) {
  const Desk desk(options);
  const State state = desk.state();
  if (options.json) {
    std::string out = "[";
    for (const Event& event : state.history) {
      out += out.size() == 1 ? "\n {" : ",\n {";
      put_number(out, "at_ms", event.at);
      put_text(out, "what", rollout::name_of(event.what));
      put_number(out, "release", event.release);
      put_text(out, "why", event.why);
      put_text(out, "who", event.who);
      out += '}';
    }
    std::puts((out + (state.history.empty() ? "]" : "\n]")).c_str());
  } else if (state.history.empty()) {
    std::puts("nothing has happened yet");
  } else {
    std::vector<std::vector<std::string>> rows{{"TIME", "RELEASE", "WHAT", "WHO", "WHY"}};
    for (const Event& event : state.history) {
      rows.push_back({time_text(event.at), std::to_string(event.release), std::string(rollout::name_of(event.what)),
                      excerpt(event.who, 40), excerpt(event.why, 200)});
    }
    print_columns(rows);
  }
  return exit_done;
}

}  // namespace kclhost::host::cli::rollouts
