// Whether a lease is handed over gracefully from one daemon to another, and why.
#pragma once

#include <string>

#include "config/config.hpp"

namespace kclhost::host::launch {

// The daemon's property.
inline constexpr char handoff_property[] = "isGracefulLeaseHandoffEnabled";

struct Handoff {
  bool on = false;
  std::string says;  // one line for a person: whether it is on, and why
  std::string cure;  // where it is on by the user's choice, with a daemon that loses leases by it
};

// What the user sets wins. Otherwise it is on where daemon.jars has a daemon that does it safely, from 3.5.0 on. Reads
// the directory.
Handoff graceful_handoff(const config::Daemon& daemon);

}  // namespace kclhost::host::launch
