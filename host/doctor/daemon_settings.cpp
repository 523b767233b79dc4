// Properties that the daemon takes, and that do harm.
#include <charconv>

#include "config/daemon_properties.hpp"
#include "doctor/checks.hpp"

namespace kclhost::host::doctor {
namespace {

std::int64_t as_number(const std::string& value) {
  std::int64_t number = 0;
  std::from_chars(value.data(), value.data() + value.size(), number);
  return number;
}

struct Risk {
  const char* property;
  bool (*harms)(const std::string& value, const config::Config& config);
  const char* what;
  const char* cure;
};

constexpr Risk risks[] = {
    {"callProcessRecordsEvenForEmptyRecordList",
     [](const std::string& value, const config::Config&) { return !config::is_true(value); },
     "the checkpoint of an idle shard waits for its next record, and so does a new release", "leave it out"},
    {"failoverTimeMillis", [](const std::string& value, const config::Config&) { return as_number(value) < 5000; },
     "a daemon that Java's or DynamoDB's pause keeps silent for so long loses its leases: records come twice, and "
     "leases "
     "move all the time",
     "leave it out, which makes it 10000, or set 5000 or more"},
    {"idleTimeBetweenReadsInMillis",
     [](const std::string& value, const config::Config&) { return as_number(value) < 200; },
     "Kinesis answers five reads a second of a shard, for all its consumers together",
     "leave it out, or set 200 or more"},
    {"ignoreUnexpectedChildShards",
     [](const std::string& value, const config::Config&) { return config::is_true(value); },
     "a shard whose parents are not what the KCL expects is left out, and its records with it", "leave it out"},
    {"maxRecords", [](const std::string& value, const config::Config&) { return as_number(value) > 10000; },
     "Kinesis refuses to give more than 10000 records at once", "leave it out, or set 10000 or less"},
    {"shutdownGraceMillis",
     [](const std::string& value, const config::Config& config) {
       return as_number(value) < config.timeouts.shutdown.count();
     },
     "Java ends before timeouts.shutdown has passed, so shards may end without their last checkpoint",
     "leave it out, which makes it timeouts.shutdown and 10 s"},
    {"timeoutInSeconds",
     [](const std::string& value, const config::Config& config) {
       return as_number(value) > 0 && std::chrono::seconds(as_number(value)) < config.timeouts.process_records;
     },
     "a batch that takes longer ends the daemon with all its shards, before timeouts.process_records replaces the one "
     "worker",
     "leave it out"},
};

}  // namespace

Outcome look_at_settings(Setup& setup) {
  if (!setup.has_daemon()) return not_looked(no_daemon);
  Outcome outcome;
  for (const Risk& risk : risks) {
    const auto set = setup.config.daemon.properties.find(risk.property);
    if (set == setup.config.daemon.properties.end() || !risk.harms(set->second, setup.config)) continue;
    const auto position = setup.config.daemon.property_positions.find(risk.property);
    const std::string where = position == setup.config.daemon.property_positions.end()
                                  ? setup.file()
                                  : setup.file() + ':' + std::to_string(position->second.line) + ':' +
                                        std::to_string(position->second.column);
    outcome.findings.push_back(
        {where, "daemon.properties." + set->first + " is " + set->second + ": " + risk.what, risk.cure});
  }
  outcome.says = std::to_string(setup.config.daemon.properties.size()) + " properties";
  return outcome;
}

}  // namespace kclhost::host::doctor
