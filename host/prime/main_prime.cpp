// kclhost-prime PROPERTIES-FILE DAEMON...: readies a new application's tables and becomes the daemon. `kclhost launch`
// starts it. A program of its own, so that what runs once per shard loads neither libcurl nor what comes with it. In
// Java's place, so that whoever stops the daemon stops this as well.
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <map>
#include <string>
#include <thread>

#include "aws/endpoint.hpp"
#include "aws/endpoint_settings.hpp"
#include "aws/errors.hpp"
#include "import/java_properties.hpp"
#include "launch/files.hpp"
#include "prime/primer.hpp"
#include "support/exit_code.hpp"
#include "support/one_line.hpp"

namespace kclhost::host::prime {
namespace {

using namespace std::chrono_literals;

constexpr aws::RequestTimes request_times{5s, 15s};
constexpr auto between_looks = 500ms;

void say(const std::string& line) {
  std::fprintf(stderr, "kclhost: %s\n", one_line(line).c_str());
}

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

launch::PrimingPlan read_plan(const std::string& file) {
  const auto text = launch::read_file(file);
  if (!text) throw aws::ConfigurationError(file + ": cannot be read");
  const auto properties = importing::read_properties(*text);
  if (!properties) throw aws::ConfigurationError(file + ':' + properties.error());
  std::map<std::string, std::string> named;
  for (const importing::Property& property : *properties) named[property.key] = property.value;
  auto plan = launch::plan_priming(named);
  if (!plan) throw aws::ConfigurationError(plan.error());
  return *plan;
}

std::string prime_by(const std::string& file) {
  const launch::PrimingPlan plan = read_plan(file);
  const aws::Environment environment = daemons_environment();
  refuse_java_options(environment);
  const std::string region = region_of(plan, environment);
  aws::CurlHttp http(aws::resolve_trust(environment));
  aws::CredentialChain credentials(environment, http, region);
  aws::Kinesis kinesis(http, credentials, region,
                       endpoint_of("kinesis", "KINESIS", "kinesisEndpoint", plan.kinesis_endpoint, region, environment),
                       request_times);
  aws::DynamoDb dynamodb(
      http, credentials, region,
      endpoint_of("dynamodb", "DYNAMODB", "dynamoDBEndpoint", plan.dynamodb_endpoint, region, environment),
      request_times);
  return prime(plan, kinesis, dynamodb, [] { std::this_thread::sleep_for(between_looks); });
}

int run(char** arguments) {
  ::signal(SIGQUIT, SIG_IGN);  // is for the JVM, which prints its threads
  try {
    const std::string line = prime_by(arguments[1]);
    if (!line.empty()) say(line);
  } catch (const std::exception& error) {
    say(std::string("a new application's tables and leases are left to the KCL, which takes longer: ") + error.what());
  }
  ::signal(SIGQUIT, SIG_DFL);
  ::execvp(arguments[2], arguments + 2);
  say(std::string(arguments[2]) + ": cannot be started: " + std::strerror(errno));
  return exit_stopped;
}

}  // namespace
}  // namespace kclhost::host::prime

int main(int argc, char** argv) {
  using namespace kclhost::host;
  if (argc >= 3 && argv[1][0] != '-') return prime::run(argv);
  std::fprintf(stderr, "kclhost-prime: expected PROPERTIES-FILE DAEMON...; kclhost launch starts it\n");
  return exit_usage;
}
