// Which region, and at which address a service is.
#pragma once

#include <optional>
#include <string>

#include "aws/environment.hpp"

namespace kclhost::host::aws {

// The region: what is given, else AWS_REGION, AWS_DEFAULT_REGION, the profile's. Throws ConfigurationError.
std::string resolve_region(const std::optional<std::string>& given, const Environment& environment);

// A service's URL without a slash at the end: what is given, else what read_endpoint_settings finds, else AWS's own
// host for the region, of the kind (FIPS, dual-stack) that is asked for. name is as in host names ("kinesis"). Throws
// ConfigurationError for what is no http or https URL, and for settings that exclude each other.
std::string service_endpoint(const std::string& name, const std::string& variable, const std::string& region,
                             const Environment& environment, const std::optional<std::string>& given = std::nullopt);

}  // namespace kclhost::host::aws
