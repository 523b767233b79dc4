// Whether and how a new application's tables and leases are made before the daemon starts; docs/daemon.md says why that
// is safe.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "support/result.hpp"

namespace kclhost::host::launch {

// One of the KCL's tables.
struct KclTable {
  std::string name;
  std::string key;
  bool deletion_protection = false;
  bool left_to_kcl = false;  // the properties ask for what kclhost does not do
};

// What the daemon's properties say of the tables and leases that the KCL would make.
struct PrimingPlan {
  std::string application;
  std::string region;                                              // "": the environment's
  std::optional<std::string> kinesis_endpoint, dynamodb_endpoint;  // as the properties name them
  std::string stream;                                              // its name
  std::string position = "LATEST";                                 // as a lease's checkpoint has it
  std::optional<std::int64_t> timestamp;                           // of AT_TIMESTAMP: seconds since 1970
  KclTable leases, coordinator_state, worker_metrics;

  std::array<const KclTable*, 3> tables() const { return {&leases, &coordinator_state, &worker_metrics}; }
};

// By the properties that the daemon is given. The error says why the tables have to be left to the KCL.
Result<PrimingPlan> plan_priming(const std::map<std::string, std::string>& properties);

// The first of daemon.jvm_options that may lead the AWS SDK to another place than the properties; "": none.
std::string option_for_sdk(const config::Daemon& daemon);

// Why `launch` leaves a new application to the KCL, in a few words; nothing: it does not. Reads the names of the jars,
// and looks for the program that primes, in the directory of `kclhost` or in ../libexec/kclhost.
std::optional<std::string> why_not_primed(const config::Daemon& daemon, const std::filesystem::path& kclhost);

// The command that primes with the properties in that file and then becomes `daemon`. Only where why_not_primed has no
// reason against it.
std::vector<std::string> with_priming(const std::filesystem::path& kclhost, const std::filesystem::path& properties,
                                      const std::vector<std::string>& daemon);

}  // namespace kclhost::host::launch
