#include "launch/handoff.hpp"

#include "config/daemon_properties.hpp"
#include "config/daemon_version.hpp"

namespace kclhost::host::launch {
namespace {

// Before it, a lease whose hand-off begins before its consumer is set up is lost sight of; see docs/daemon.md.
constexpr char safe_from[] = "3.5.0";

}  // namespace

Handoff graceful_handoff(const config::Daemon& daemon) {
  const std::string version = config::daemon_version(daemon.jars);
  const bool unknown = version.empty();
  const bool old = config::is_before(version, safe_from);
  const std::string which =
      unknown ? "which daemon daemon.jars has is not known" : "the daemon in daemon.jars is " + version;
  const std::string loses =
      std::string("before ") + safe_from + " a lease can get stuck in it, which nobody reads then";
  Handoff handoff;
  const auto set = daemon.properties.find(handoff_property);
  if (set == daemon.properties.end()) {
    handoff.on = !unknown && !old;
    const std::string why =
        handoff.on ? which + ", and from " + safe_from + " on that is safe" : which + ", and " + loses;
    handoff.says = std::string("graceful lease hand-off is ") + (handoff.on ? "on: " : "off: ") + why;
    return handoff;
  }
  handoff.on = config::is_true(set->second);
  handoff.says =
      std::string("graceful lease hand-off is ") + (handoff.on ? "on" : "off") + " as daemon.properties says";
  if (handoff.on && old) {
    handoff.says += ", but " + which + ", and " + loses;
    handoff.cure = std::string("leave ") + handoff_property + " out, or take a daemon from " + safe_from + " on";
  } else if (handoff.on && unknown) {
    handoff.says += "; " + which + ", and " + loses;
  }
  return handoff;
}

}  // namespace kclhost::host::launch
