#include "aws/endpoint.hpp"

#include "aws/endpoint_settings.hpp"
#include "aws/errors.hpp"
#include "aws/http.hpp"
#include "aws/partitions.hpp"
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

std::string own_endpoint(const EndpointSettings& settings) {
  auto [url, from] = *settings.url;
  for (const auto& kind : {settings.fips, settings.dual_stack}) {
    // As with the AWS tools: whether the endpoint is of that kind can't be known.
    if (kind) throw ConfigurationError(kind->from + " is for AWS's own endpoints: unset it, or " + from);
  }
  if (url_host(url).empty() || url.find_first_of("?# ") != std::string::npos) {
    throw ConfigurationError(from + ": not a URL: " + url + " (expected http://HOST:PORT or https://HOST)");
  }
  while (url.back() == '/') url.pop_back();
  return url;
}

std::string aws_endpoint(const std::string& name, const std::string& region, const EndpointSettings& settings) {
  const Partition& partition = partition_of(region);
  std::string_view suffix = partition.suffix;
  if (settings.dual_stack) {
    suffix = partition.dual_stack_suffix;
    if (suffix.empty()) {
      throw ConfigurationError(settings.dual_stack->from + ": kclhost knows no dual-stack endpoint in " + region +
                               ": name one with --endpoint, or use the AWS CLI");
    }
  }
  const bool other_name = settings.fips && (!partition.fips_by_default || settings.dual_stack);
  return "https://" + name + (other_name ? "-fips." : ".") + region + '.' + std::string(suffix);
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
  if (region->starts_with("fips-") || region->ends_with("-fips")) {
    throw ConfigurationError(from + ": " + *region +
                             " is a name that AWS has given up: name the region, and set AWS_USE_FIPS_ENDPOINT=true");
  }
  return *region;
}

std::string service_endpoint(const std::string& name, const std::string& variable, const std::string& region,
                             const Environment& environment, const std::optional<std::string>& given) {
  EndpointSettings settings = read_endpoint_settings(name, variable, environment);
  if (given) settings.url = Setting{*given, "--endpoint"};
  return settings.url ? own_endpoint(settings) : aws_endpoint(name, region, settings);
}

}  // namespace kclhost::host::aws
