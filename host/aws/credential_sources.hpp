// The single places that CredentialChain looks at. An empty optional: not configured. All throw ConfigurationError for
// what is configured wrongly, and RequestError where a request failed.
#pragma once

#include <optional>
#include <string>

#include "aws/credentials.hpp"
#include "aws/shared_config.hpp"

namespace kclhost::host::aws {

// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN.
std::optional<Credentials> environment_credentials(const Environment& environment);

// AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN, exchanged at STS in the region given.
std::optional<Credentials> web_identity_credentials(const Environment& environment, const std::string& region,
                                                    Http& http);

// Access keys in the profile. Profiles that assume a role, sign on or run a command are an error that says what to do.
std::optional<Credentials> profile_credentials(const SharedConfig& shared);

// AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI.
std::optional<Credentials> container_credentials(const Environment& environment, Http& http);

// Where the instance's metadata is asked for; empty: AWS_EC2_METADATA_DISABLED.
std::optional<std::string> instance_metadata_endpoint(const Environment& environment);

// The role's credentials from the instance metadata.
Credentials instance_credentials(const std::string& endpoint, Http& http);

}  // namespace kclhost::host::aws
