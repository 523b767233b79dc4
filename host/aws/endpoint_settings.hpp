// What the environment and the profile say of endpoints, as the AWS tools understand it.
#pragma once

#include <optional>
#include <string>

#include "aws/environment.hpp"

namespace kclhost::host::aws {

// A value and where it was found, for messages.
struct Setting {
  std::string value;
  std::string from;
};

struct EndpointSettings {
  std::optional<Setting> url;         // instead of AWS's own
  std::optional<Setting> fips;        // there: asked for
  std::optional<Setting> dual_stack;  // there: asked for
};

// For the service whose variables end in `variable` ("KINESIS") and whose settings stand under `name` ("kinesis") in a
// services section. Throws ConfigurationError for what it can't understand.
EndpointSettings read_endpoint_settings(const std::string& name, const std::string& variable,
                                        const Environment& environment);

}  // namespace kclhost::host::aws
