#include "aws/endpoint.hpp"

#include "aws/errors.hpp"
#include "aws/http.hpp"
#include "aws/shared_config.hpp"

namespace kclhost::host::aws {
namespace {

// Becomes part of a host name and of the signature's scope.
bool is_region(const std::string& text) {
  if (text.empty() || text.size() > 64) return false;
  for (const char c : text) {
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-')) return false;
  }
  return true;
}

}  // namespace

std::string resolve_region(const std::optional<std::string>& given, const Environment& environment) {
  std::optional<std::string> region = given;
  std::string from = "--region";
  for (const char* variable : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    if (region) break;
    from = variable;
    region = environment(variable);
  }
  if (!region) {
    const SharedConfig shared = load_shared_config(environment);
    from = "profile " + shared.profile_name;
    region = shared.get("region");
  }
  if (!region)
    throw ConfigurationError("no region: give --region, or set AWS_REGION (any will do for a local Kinesis)");
  if (!is_region(*region)) throw ConfigurationError(from + ": no region's name: " + *region);
  return *region;
}

std::string service_endpoint(const std::string& name, const std::string& variable, const std::string& region,
                             const Environment& environment, const std::optional<std::string>& given) {
  const std::string own = "AWS_ENDPOINT_URL_" + variable;
  std::optional<std::string> url = given;
  std::string from = "--endpoint";
  for (const std::string& candidate : {own, std::string("AWS_ENDPOINT_URL")}) {
    if (url) break;
    from = candidate;
    url = environment(candidate);
  }
  if (!url)
    return "https://" + name + '.' + region + (region.rfind("cn-", 0) == 0 ? ".amazonaws.com.cn" : ".amazonaws.com");
  if (url_host(*url).empty() || url->find_first_of("?# ") != std::string::npos) {
    throw ConfigurationError(from + ": not a URL: " + *url + " (expected http://HOST:PORT or https://HOST)");
  }
  while (url->back() == '/') url->pop_back();
  return *url;
}

}  // namespace kclhost::host::aws
