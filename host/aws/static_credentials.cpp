// Credentials that lie ready: in the environment and in the shared files.
#include "aws/credential_sources.hpp"
#include "aws/errors.hpp"

namespace kclhost::host::aws {

std::optional<Credentials> environment_credentials(const Environment& environment) {
  const auto id = environment("AWS_ACCESS_KEY_ID");
  const auto secret = environment("AWS_SECRET_ACCESS_KEY");
  if (!id && !secret) return std::nullopt;
  if (!id) throw ConfigurationError("AWS_SECRET_ACCESS_KEY is set but AWS_ACCESS_KEY_ID is not: set both or neither");
  if (!secret)
    throw ConfigurationError("AWS_ACCESS_KEY_ID is set but AWS_SECRET_ACCESS_KEY is not: set both or neither");
  return Credentials{*id, *secret, environment("AWS_SESSION_TOKEN").value_or(""), std::nullopt};
}

std::optional<Credentials> profile_credentials(const SharedConfig& shared) {
  const std::string who = "profile " + shared.profile_name;
  if (!shared.profile) {
    if (!shared.profile_named) return std::nullopt;
    throw ConfigurationError(who + " (AWS_PROFILE) is neither in " + shared.credentials_file + " nor in " +
                             shared.config_file + ": run aws configure list-profiles to see those that are");
  }
  const auto id = shared.get("aws_access_key_id");
  const auto secret = shared.get("aws_secret_access_key");
  if (id && secret) return Credentials{*id, *secret, shared.get("aws_session_token").value_or(""), std::nullopt};
  if (id || secret) {
    throw ConfigurationError(who + " has " + (id ? "aws_access_key_id" : "aws_secret_access_key") +
                             " alone: it takes aws_access_key_id and aws_secret_access_key");
  }
  for (const char* setting : {"credential_process", "sso_session", "sso_start_url", "role_arn", "login_session"}) {
    if (shared.get(setting)) {
      throw LeftToOthers(who + " uses " + setting +
                         ", which kclhost leaves to the AWS CLI: first run eval \"$(aws configure "
                         "export-credentials --format env)\"");
    }
  }
  if (shared.profile_named && !shared.get("region")) {
    throw ConfigurationError(who + " (AWS_PROFILE) has no aws_access_key_id");
  }
  return std::nullopt;
}

}  // namespace kclhost::host::aws
