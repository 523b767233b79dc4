// Whether metrics can be served where the configuration says.
#include <chrono>

#include "doctor/checks.hpp"
#include "hub/snapshot.hpp"
#include "hub/socket.hpp"
#include "launch/listen.hpp"

namespace kclhost::host::doctor {
namespace {

// A kclhost launch that has the port already.
bool is_ours(const config::Config& config) {
  constexpr std::chrono::seconds patience{2};
  for (const auto& socket : hub::sockets_in(config.state_dir / "run")) {
    const auto one = hub::ask_hub(socket, patience);
    if (one && one->launch.metrics == *config.metrics.listen) return true;
  }
  return false;
}

}  // namespace

Outcome look_at_port(Setup& setup) {
  if (!setup.config.metrics.listen) return not_looked("metrics.listen is not set");
  const std::string& address = *setup.config.metrics.listen;
  if (is_ours(setup.config)) return well(address + ", where kclhost launch serves them");
  const auto port = launch::listen_at(address);
  if (port) return well(address + " is free");
  return found(finding_of(setup.file(), port.error(), "set an address of this machine, 127.0.0.1:9464 for one"));
}

}  // namespace kclhost::host::doctor
