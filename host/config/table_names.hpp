// The DynamoDB tables that a daemon's properties name.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace kclhost::host::config {

// A name that DynamoDB refuses.
struct BadTableName {
  std::string property;  // that it comes from
  std::string message;   // one line: what, and the cure
};

// The KCL has three tables, and each has a property for its name. Without, the lease table is called like the
// application, the others have an ending more. All of them are looked at for every version: from 3.5.0 on the daemon
// still asks whether the two are there. Nothing where there is no applicationName.
std::vector<BadTableName> find_bad_table_names(const std::map<std::string, std::string>& properties);

}  // namespace kclhost::host::config
