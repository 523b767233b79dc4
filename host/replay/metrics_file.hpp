// Memory in which `kclhost run` leaves what the plugin's metrics came to.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "observe/metric_totals.hpp"
#include "support/fd.hpp"

namespace kclhost::host::replay {

class MetricsFile {
 public:
  // Names itself in the environment of the children that are started from now on.
  MetricsFile();

  // What a child has left; none when it left nothing, because it is no kclhost, or was killed.
  std::optional<std::vector<observe::NamedTotal>> read() const;

 private:
  Fd memory_;
};

}  // namespace kclhost::host::replay
