#include "replay/script.hpp"

#include "replay/daemon_lines.hpp"

namespace kclhost::host::replay {

std::vector<Ending> endings_for(End end) {
  const Ending lease_lost{plain_line("leaseLost"), "leaseLost", false};
  switch (end) {
    case End::shard_ended:
      return {{plain_line("shardEnded"), "shardEnded", true, true}};
    case End::shutdown_requested:
      return {{plain_line("shutdownRequested"), "shutdownRequested"}, lease_lost};
    case End::lease_lost:
      break;
  }
  return {lease_lost};
}

}  // namespace kclhost::host::replay
