// As whom, and at which addresses, the daemon talks to Kinesis and DynamoDB.
#pragma once

#include <string>

#include "aws/credentials.hpp"
#include "aws/environment.hpp"
#include "aws/http.hpp"
#include "launch/priming.hpp"

namespace kclhost::host::prime {

// Made of this process's environment, which must be the daemon's, and stays where it is made. One thread.
struct DaemonAccess {
  // Throws aws::ConfigurationError where the daemon's AWS SDK may do otherwise than kclhost can tell.
  explicit DaemonAccess(const launch::PrimingPlan& plan);
  DaemonAccess(const DaemonAccess&) = delete;
  DaemonAccess& operator=(const DaemonAccess&) = delete;

  aws::Environment environment;
  std::string region;
  std::string kinesis_endpoint, dynamodb_endpoint;
  aws::CurlHttp http;
  aws::CredentialChain credentials;
};

}  // namespace kclhost::host::prime
