// A stream's ARN: arn:aws:kinesis:REGION:ACCOUNT:stream/NAME.
#pragma once

#include <string>

namespace kclhost::host::aws {

// Whether a stream is given by its ARN, and not by its name.
bool is_arn(const std::string& stream);

// The region in a stream's ARN. Throws ConfigurationError where it is the ARN of something else.
std::string region_of_arn(const std::string& arn);

}  // namespace kclhost::host::aws
