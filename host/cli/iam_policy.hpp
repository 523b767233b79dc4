// The least that a daemon has to be allowed in AWS.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace kclhost::host::cli {

struct Statement {
  std::string name;                  // what it is for: letters and digits
  std::vector<std::string> actions;  // "kinesis:GetRecords"
  std::vector<std::string> resources;
  std::string metrics_namespace{};  // the one in CloudWatch that it is limited to; "": no such limit
};

// What the daemon with these properties calls, and what `kclhost launch` and `kclhost doctor` call for it, by the
// sources of 3.1.3 and 3.5.1. What the properties do not say of an ARN is a "*" in it: the region without regionName or
// streamArn, and the account where `account` is "" and there is no streamArn.
std::vector<Statement> least_policy(const std::map<std::string, std::string>& properties, const std::string& account);

// An IAM policy document, ending in a newline.
std::string policy_json(const std::vector<Statement>& statements);

}  // namespace kclhost::host::cli
