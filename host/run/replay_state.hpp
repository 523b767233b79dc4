// What is different about `kclhost run` when `kclhost replay` plays to it, and not the daemon.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "observe/log.hpp"
#include "observe/metric_totals.hpp"
#include "observe/set_aside.hpp"
#include "plugin/call.hpp"

namespace kclhost::host::run {

bool is_replayed();

// Whose state on disk it is. A replay has a state of its own, beside the real application's of the same configuration:
// what is tried there must not count here, and what is set aside there is no dead letter of the stream's.
std::string state_owner(const config::Config& config);

// Whether the next process goes on where this one stops. A replay that begins anew each time may have other records of
// the same numbers, or another plugin: what was tried before says nothing of them.
bool goes_on();
// Whose tries are remembered: of replays, each checkpoint file has its own.
std::string owner_of_tries(const config::Config& config);

// Adds up the plugin's metrics for the replay's report. With the real daemon it does nothing.
class ReplayMetrics {
 public:
  explicit ReplayMetrics(observe::Log& log) : log_(log) {}

  // A worker's metric: what it is, and a value of it.
  void make(WorkerId worker, std::uint32_t number, const kclhost_metric_spec& spec);
  void take(WorkerId worker, std::uint32_t number, double value);
  // The worker is no more.
  void forget(WorkerId worker);
  // Tells the replay, also of what was set aside. For the host's end.
  void pass_on(const observe::SetAside& aside) const;

 private:
  observe::Log& log_;
  const bool wanted_ = is_replayed();
  observe::MetricTotals totals_;
  std::map<WorkerId, std::vector<observe::MetricName>> made_;  // by their numbers
  bool told_ = false;                                          // that one was left out
};

}  // namespace kclhost::host::run
