// The checks of `kclhost doctor`. None of them changes anything, here or in AWS.
#pragma once

#include <span>

#include "doctor/finding.hpp"
#include "doctor/setup.hpp"

namespace kclhost::host::doctor {

struct Check {
  const char* name;
  // Never throws for what it finds.
  Outcome (*look)(Setup& setup);
};

// In the order in which they are made; a later one may go by what an earlier one left in Setup::services.
std::span<const Check> checks();

Outcome look_at_configuration(Setup& setup);
Outcome look_at_java(Setup& setup);
Outcome look_at_jars(Setup& setup);
Outcome look_at_class_archive(Setup& setup);
Outcome look_at_folders(Setup& setup);
Outcome look_at_limits(Setup& setup);
Outcome look_at_memory(Setup& setup);
Outcome look_at_settings(Setup& setup);
Outcome look_at_port(Setup& setup);
Outcome look_at_endpoints(Setup& setup);
Outcome look_at_clock(Setup& setup);
Outcome look_at_credentials(Setup& setup);
Outcome look_at_stream(Setup& setup);
Outcome look_at_tables(Setup& setup);

}  // namespace kclhost::host::doctor
