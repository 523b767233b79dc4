// What the commands of `kclhost rollout` share.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "cli/cli.hpp"
#include "cli/configuration.hpp"
#include "config/config.hpp"
#include "rollout/decide.hpp"
#include "store/release_reports.hpp"
#include "store/release_store.hpp"
#include "support/fd.hpp"

namespace kclhost::host::cli::rollouts {

struct Options {
  Source config{};
  std::optional<int> to, timeout;  // a release; seconds
  bool json = false, watch = false;
  std::string prefix{};  // of what it says, where it is about several streams
};

// A problem that ends the command; the text is for the user.
struct Failure {
  int exit_code;
  std::string message;
};

using Time = std::chrono::steady_clock::time_point;

// The releases that a configuration is about, as they stand now, and a way to change them.
class Desk {
 public:
  // Throws Failure, after the configuration's problems were told.
  explicit Desk(const Options& options);

  const config::Config& config() const { return config_; }
  const store::ReleaseStore& store() const { return store_; }
  rollout::State state() const;
  std::vector<rollout::Report> live() const { return store::read_reports(store_.reports()).live; }

  // Changes the state under the hosts' lock; they see it at once. The change may throw Failure. What it became.
  rollout::State change(const std::function<void(const rollout::State&, rollout::Change&)>& what) const;
  // A release that can be run, and is on the disk; throws Failure.
  store::ReleaseInfo release(rollout::Release number) const;

  // Until a host says something or the state changes, or the time has come. False: it has come.
  bool wait(Time until);

 private:
  config::Config config_;
  store::ReleaseStore store_;
  Fd changes_;
};

// When waiting ends: after --timeout, or a minute.
Time end_of(const Options& options);
// What the command came to, on standard output.
void say(const Options& options, rollout::Release release, const std::string& text, bool done);

int status(const Options& options);
int history(const Options& options);
int undo(const Options& options);
int pause(const Options& options);
int resume(const Options& options);
int promote(const Options& options);
int look(const Options& options);

}  // namespace kclhost::host::cli::rollouts
