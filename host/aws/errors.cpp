#include "aws/errors.hpp"

#include <algorithm>
#include <array>

namespace kclhost::host::aws {
namespace {

constexpr std::array<std::string_view, 14> passing_codes = {
    "InternalFailure",
    "InternalFailureException",
    "InternalServerError",
    "KMSThrottlingException",
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestTimeout",
    "RequestTimeoutException",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
};

}  // namespace

bool is_passing(std::string_view error_code) {
  return std::find(passing_codes.begin(), passing_codes.end(), error_code) != passing_codes.end();
}

ServiceError::ServiceError(std::string code, const std::string& message, long http_status)
    : RequestError(message.empty() ? code : code + ": " + message,
                   http_status >= 500 || http_status == 429 || is_passing(code)),
      code_(std::move(code)) {}

}  // namespace kclhost::host::aws
