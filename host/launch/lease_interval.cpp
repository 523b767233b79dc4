#include "launch/lease_interval.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace kclhost::host::launch {
namespace {

constexpr std::int64_t default_failover = 10'000;
// Less is not needed for a quick start, and costs reads.
constexpr std::int64_t least_interval = 2'000;
// The KCL's own interval is twice failoverTimeMillis, and it balances in each third.
constexpr std::int64_t kcl_intervals = 2;
constexpr std::int64_t kcl_frequency = 3;
constexpr std::int64_t highest = 1'000'000'000'000;  // whatever the file says, so that a multiple of it fits

std::int64_t number(const std::map<std::string, std::string>& properties, const char* name, std::int64_t otherwise) {
  const auto set = properties.find(name);
  if (set == properties.end()) return otherwise;
  std::int64_t value = 0;
  const char* const begin = set->second.data() + (set->second.starts_with('+') ? 1 : 0);
  std::from_chars(begin, set->second.data() + set->second.size(), value);
  return std::min(value, highest);
}

std::int64_t failover(const std::map<std::string, std::string>& properties) {
  return number(properties, "failoverTimeMillis", default_failover);
}

}  // namespace

void add_lease_interval(std::map<std::string, std::string>& properties) {
  if (properties.count("leaseAssignmentIntervalMillis") != 0 || properties.count("varianceBalancingFrequency") != 0)
    return;
  const std::int64_t time = failover(properties);
  // Beyond an hour nobody waits for a quick start, and the KCL keeps the number in 32 bits.
  if (time <= 0 || time > 3'600'000) return;
  const std::int64_t interval = std::min(std::max(time / 2, least_interval), kcl_intervals * time);
  properties["leaseAssignmentIntervalMillis"] = std::to_string(interval);
  properties["varianceBalancingFrequency"] = std::to_string(kcl_frequency * kcl_intervals * time / interval);
}

std::chrono::milliseconds lease_interval(const std::map<std::string, std::string>& properties) {
  return std::chrono::milliseconds{
      number(properties, "leaseAssignmentIntervalMillis", kcl_intervals * failover(properties))};
}

}  // namespace kclhost::host::launch
