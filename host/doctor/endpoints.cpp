// Whether the services can be reached, and whether their clock is ours.
#include <cstdlib>

#include "aws/endpoint.hpp"
#include "aws/errors.hpp"
#include "config/daemon_properties.hpp"
#include "doctor/checks.hpp"

namespace kclhost::host::doctor {
namespace {

using namespace std::chrono_literals;

constexpr auto tolerated = 60s;  // services refuse what is signed five minutes off

// Java has certificates of its own, which are not looked at.
bool has_trust_store(const config::Daemon& daemon) {
  for (const std::string& option : daemon.jvm_options) {
    if (option.starts_with("-Djavax.net.ssl.trustStore")) return true;
  }
  return false;
}

// Any answer will do, a refusal too.
bool reach(Setup& setup, const std::string& endpoint, const char* other_cure, Outcome& outcome) {
  aws::HttpRequest request;
  request.url = endpoint + '/';
  const aws::RequestTimes times = setup.services.times();
  request.connect_timeout = times.connect;
  request.timeout = times.whole;
  try {
    const aws::HttpResponse response = setup.services.access().http.send(request);
    if (response.date && !setup.services.clock_ahead) setup.services.clock_ahead = aws::now() - *response.date;
    return true;
  } catch (const aws::AnswerTimeout& error) {
    outcome.findings.push_back(no_answer(endpoint, error.what()));
    return false;
  } catch (const aws::TransportError& error) {
    const bool certificate = !error.retryable();
    if (certificate && has_trust_store(setup.config.daemon)) return false;
    const std::string way =
        std::string("open the way there: name, route, firewall, security group, proxy (HTTPS_PROXY); ") +
        "where the address is wrong, correct daemon.properties.regionName or " + other_cure;
    outcome.findings.push_back(
        {endpoint, without(request.url, error.what()),
         certificate
             ? "have Java trust the certificate (-Djavax.net.ssl.trustStore in daemon.jvm_options), and kclhost's own "
               "programs (AWS_CA_BUNDLE names a file)"
             : way});
    return false;
  }
}

bool puts_metrics(const Setup& setup) {
  const auto level = setup.config.daemon.properties.find("metricsLevel");
  return level == setup.config.daemon.properties.end() || !config::is_choice(level->second, "NONE");
}

}  // namespace

Outcome look_at_endpoints(Setup& setup) {
  Services& services = setup.services;
  if (!services.why_not().empty()) return not_looked(services.why_not());
  Outcome outcome;
  const prime::DaemonAccess& access = services.access();
  services.kinesis_answers = reach(setup, access.kinesis_endpoint, "kinesisEndpoint", outcome);
  services.dynamodb_answers = reach(setup, access.dynamodb_endpoint, "dynamoDBEndpoint", outcome);
  outcome.says = access.kinesis_endpoint + ", " + access.dynamodb_endpoint;
  // Whoever has a Kinesis of his own has no metrics in CloudWatch.
  if (puts_metrics(setup) && !services.plan().kinesis_endpoint) {
    const std::string metrics = aws::service_endpoint("monitoring", "CLOUDWATCH", access.region, access.environment);
    reach(setup, metrics, "set metricsLevel: NONE", outcome);
    outcome.says += ", " + metrics;
  }
  return outcome;
}

Outcome look_at_clock(Setup& setup) {
  const Services& services = setup.services;
  if (!services.why_not().empty()) return not_looked(services.why_not());
  if (!services.clock_ahead) return not_looked("no service says what time it is");
  const auto ahead = *services.clock_ahead;
  const std::string off =
      std::to_string(std::abs(ahead.count())) + " seconds " + (ahead > 0s ? "ahead of" : "behind") + " the service's";
  if (std::chrono::abs(ahead) < tolerated) return well(off);
  return found({"", "this machine's clock is " + off + "; from five minutes on, everything that it signs is refused",
                "set it right: timedatectl set-ntp true"});
}

}  // namespace kclhost::host::doctor
