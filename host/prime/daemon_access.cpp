#include "prime/daemon_access.hpp"

#include <optional>

#include "aws/endpoint.hpp"
#include "aws/endpoint_settings.hpp"
#include "aws/errors.hpp"
#include "aws/trust.hpp"

namespace kclhost::host::prime {
namespace {

// Without what kclhost alone goes by, and without what the daemon's SDK may read in another way.
aws::Environment daemons_environment() {
  return [own = aws::process_environment()](const std::string& name) -> std::optional<std::string> {
    if (name.starts_with("KCLHOST_") || name == "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") return std::nullopt;
    return own(name);
  };
}

// Java reads options from these too.
void refuse_java_options(const aws::Environment& environment) {
  for (const char* name : {"JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"}) {
    const auto options = environment(name);
    if (options && (options->find("-Daws.") != std::string::npos || options->find('@') != std::string::npos)) {
      throw aws::ConfigurationError(std::string(name) +
                                    " may lead the AWS SDK elsewhere, where kclhost does not follow");
    }
  }
}

std::string region_of(const launch::PrimingPlan& plan, const aws::Environment& environment) {
  const auto region = plan.region.empty() ? environment("AWS_REGION") : plan.region;
  if (!region) throw aws::ConfigurationError("daemon.properties.regionName is not set, and AWS_REGION neither");
  return aws::resolve_region(region, environment);
}

std::string endpoint_of(const char* name, const char* variable, const char* property,
                        const std::optional<std::string>& set, const std::string& region,
                        const aws::Environment& environment) {
  if (!set) {
    const aws::EndpointSettings found = aws::read_endpoint_settings(name, variable, environment);
    for (const auto& setting : {found.url, found.fips, found.dual_stack}) {
      if (setting) throw aws::ConfigurationError(setting->from + " is set; name the endpoint with " + property);
    }
  }
  return aws::service_endpoint(name, variable, region, environment, set);
}

aws::Environment checked_environment() {
  aws::Environment environment = daemons_environment();
  refuse_java_options(environment);
  return environment;
}

}  // namespace

DaemonAccess::DaemonAccess(const launch::PrimingPlan& plan)
    : environment(checked_environment()),
      region(region_of(plan, environment)),
      kinesis_endpoint(
          endpoint_of("kinesis", "KINESIS", "kinesisEndpoint", plan.kinesis_endpoint, region, environment)),
      dynamodb_endpoint(
          endpoint_of("dynamodb", "DYNAMODB", "dynamoDBEndpoint", plan.dynamodb_endpoint, region, environment)),
      http(aws::resolve_trust(environment)),
      credentials(environment, http, region) {}

}  // namespace kclhost::host::prime
