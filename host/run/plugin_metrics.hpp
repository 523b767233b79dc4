// What the plugin's own metrics have come to, for the hub.
#pragma once

#include <kclhost/plugin.h>

#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

#include "hub/series.hpp"
#include "plugin/call.hpp"

namespace kclhost::host::run {

// Adds up over all workers, and over all their lives: of a gauge the last value counts, whoever gave it.
class PluginMetrics {
 public:
  // A worker's metric: what it is. "", or why it is left out.
  std::string_view make(WorkerId worker, std::uint32_t number, const kclhost_metric_spec& spec);
  // A value of it. False: it is none that can be taken.
  bool take(WorkerId worker, std::uint32_t number, double value);
  // The worker is no more.
  void forget(WorkerId worker) { made_.erase(worker); }

  void add_to(std::vector<hub::Series>& all) const;

 private:
  struct Family {
    hub::Family about;
    std::map<hub::Labels, hub::Reading> readings;
  };
  // Where a worker's metric goes; null: nowhere.
  struct Made {
    hub::Reading* reading = nullptr;
    hub::Kind kind = hub::Kind::counter;
  };

  std::map<std::string, Family> families_;
  std::size_t count_ = 0;
  std::map<WorkerId, std::vector<Made>> made_;  // by their numbers
};

}  // namespace kclhost::host::run
