// The DynamoDB tables that a daemon's properties name.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace kclhost::host::config {

// What the KCL calls its tables. Each has a property for its name; without, the lease table is called like the
// application, and the others have an ending more.
struct TableNames {
  std::string leases, coordinator_state, worker_metrics;
};
TableNames table_names(const std::map<std::string, std::string>& properties);

// The lease table's index, by which each daemon asks for the leases that it was given.
inline constexpr char owner_index[] = "LeaseOwnerToLeaseKeyIndex";

// A name that DynamoDB refuses.
struct BadTableName {
  std::string property;  // that it comes from
  std::string message;   // one line: what, and the cure
};

// All three are looked at for every version: from 3.5.0 on the daemon still asks whether the two are there. Nothing
// where there is no applicationName.
std::vector<BadTableName> find_bad_table_names(const std::map<std::string, std::string>& properties);

}  // namespace kclhost::host::config
