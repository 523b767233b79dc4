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

#include "aws/errors.hpp"
#include "import/java_properties.hpp"
#include "launch/files.hpp"
#include "prime/daemon_access.hpp"
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
  DaemonAccess access(plan);
  aws::Kinesis kinesis(access.http, access.credentials, access.region, access.kinesis_endpoint, request_times);
  aws::DynamoDb dynamodb(access.http, access.credentials, access.region, access.dynamodb_endpoint, request_times);
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
