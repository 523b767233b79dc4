// What is different about `kclhost run` when `kclhost replay` plays to it, and not the daemon.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "config/config.hpp"
#include "observe/log.hpp"
#include "observe/metric_totals.hpp"

namespace kclhost::host::run {

bool is_replayed();

// Whose state on disk it is. A replay has a state of its own, beside the real application's of the same configuration:
// what is tried there must not count here, and what is set aside there is no dead letter of the stream's.
std::string state_owner(const config::Config& config);

// Adds up the plugin's metrics for the replay's report. With the real daemon it does nothing.
class ReplayMetrics {
 public:
  explicit ReplayMetrics(observe::Log& log) : log_(log) {}

  void take(std::int32_t kind, std::string_view name, double value);
  // Tells the replay. For the host's end.
  void pass_on() const;

 private:
  observe::Log& log_;
  const bool wanted_ = is_replayed();
  observe::MetricTotals totals_;
  bool told_ = false;  // that one was left out
};

}  // namespace kclhost::host::run
