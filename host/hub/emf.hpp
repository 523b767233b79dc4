// The main metrics in CloudWatch's embedded metric format: log lines that CloudWatch makes metrics of.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "hub/series.hpp"
#include "hub/snapshot.hpp"

namespace kclhost::host::hub {

// One JSON object for each shard that this machine has or had since the lines before, and one for the application. A
// counter is what was counted since the lines before, so that CloudWatch can add them up; a gauge is what it is.
class EmfLines {
 public:
  // `time`: as the log has it. `window`: metrics.stalled_after. Without newlines.
  std::vector<std::string> next(Snapshot snapshot, std::chrono::milliseconds window, const std::string& time);

 private:
  // The whole of each counter, by its name, and stream and shard.
  using Counted = std::map<std::pair<std::string, std::pair<std::string, std::string>>, double>;
  Counted before_;
};

}  // namespace kclhost::host::hub
