// How often the KCL looks for leases that nobody has.
#pragma once

#include <chrono>
#include <map>
#include <string>

namespace kclhost::host::launch {

// Adds leaseAssignmentIntervalMillis, and varianceBalancingFrequency with it, which counts those intervals: so that
// leases are found sooner than with the KCL's default, and moved between workers as seldom as with it. Leaves both
// alone where one of them is set. docs/daemon.md has the reasons.
void add_lease_interval(std::map<std::string, std::string>& properties);

// What the daemon takes with these properties: its own default where they say nothing.
std::chrono::milliseconds lease_interval(const std::map<std::string, std::string>& properties);

}  // namespace kclhost::host::launch
