#include "cli/rollout_desk.hpp"

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "store/state_key.hpp"
#include "support/exit_code.hpp"
#include "support/wall_clock.hpp"

namespace kclhost::host::cli::rollouts {
namespace {

constexpr std::chrono::seconds patience{60};
// Hosts say something without a change of a file that could be watched, too: they end.
constexpr std::chrono::milliseconds longest_wait{1'000};

config::Config configured(const Options& options) {
  auto loaded = load(options.config);
  if (!loaded) throw Failure{exit_usage, ""};
  return std::move(loaded->config);
}

}  // namespace

Time end_of(const Options& options) {
  constexpr int standard_seconds = 60;
  return std::chrono::steady_clock::now() + std::chrono::seconds(options.timeout.value_or(standard_seconds));
}

void say(const Options& options, rollout::Release release, const std::string& text, bool done) {
  if (options.json) {
    const std::string stream = options.config.stream;
    std::printf("{%s\"release\": %u, \"done\": %s}\n",
                options.prefix.empty() ? "" : ("\"stream\": \"" + stream + "\", ").c_str(), release,
                done ? "true" : "false");
  } else {
    std::puts((options.prefix + text).c_str());
  }
}

Desk::Desk(const Options& options)
    : config_(configured(options)),
      store_(config_.state_dir, store::state_key(config_)),
      changes_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {}

rollout::State Desk::state() const {
  Result<rollout::State> state = store_.state();
  if (!state) throw Failure{exit_stopped, state.error()};
  return std::move(*state);
}

rollout::State Desk::change(const std::function<void(const rollout::State&, rollout::Change&)>& what) const {
  if (std::string why = store_.make_folder(); !why.empty()) throw Failure{exit_stopped, why};
  std::string why;
  const Fd lock = store_.lock(patience, why);
  if (!lock)
    throw Failure{exit_stopped, why.empty() ? "another kclhost holds " + (store_.folder() / "lock").string() : why};
  const rollout::State before = state();
  rollout::State after = before;
  rollout::Change change(after, wall_clock_ms(), "kclhost rollout");
  what(before, change);
  if (after == before) return after;
  why = store_.write(after);
  if (!why.empty()) throw Failure{exit_stopped, why};
  return after;
}

store::ReleaseInfo Desk::release(rollout::Release number) const {
  Result<store::ReleaseInfo> info = store_.info(number);
  if (info) {
    // A host that starts with one that is damaged ends, and the daemon with it.
    const Result<std::filesystem::path> file = store::ReleaseStore(store_).verified(*info);
    if (!file) throw Failure{exit_stopped, "release " + std::to_string(number) + " can't be used: " + file.error()};
    return std::move(*info);
  }
  std::string there;
  for (const store::ReleaseInfo& one : store_.all()) there += (there.empty() ? "" : ", ") + std::to_string(one.number);
  throw Failure{exit_stopped, "there is no release " + std::to_string(number) + " of this application; there is " +
                                  (there.empty() ? "none" : there)};
}

bool Desk::wait(Time until) {
  const auto now = std::chrono::steady_clock::now();
  if (now >= until) return false;
  // The folder of the reports may not have been there before.
  ::inotify_add_watch(changes_.get(), store_.folder().c_str(), IN_MOVED_TO | IN_CREATE);
  ::inotify_add_watch(changes_.get(), store_.reports().c_str(), IN_MODIFY | IN_CREATE | IN_DELETE);
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(std::min<Time::duration>(until - now, longest_wait));
  pollfd readable{changes_.get(), POLLIN, 0};
  ::poll(&readable, 1, static_cast<int>(left.count()));
  char events[4096];
  while (::read(changes_.get(), events, sizeof events) > 0) {
  }
  return true;
}

}  // namespace kclhost::host::cli::rollouts
