// Memory in which `kclhost run` leaves what the plugin's metrics came to, and what it set aside.
#pragma once

#include "replay/figures.hpp"
#include "support/fd.hpp"

namespace kclhost::host::replay {

class MetricsFile {
 public:
  // Names itself in the environment of the children that are started from now on.
  MetricsFile();

  // Takes what a child has left; that is nothing when it is no kclhost, or was killed.
  void read_into(Figures& figures) const;

 private:
  Fd memory_;
};

}  // namespace kclhost::host::replay
