#include "aws/credentials.hpp"

#include <utility>

#include "aws/credential_sources.hpp"
#include "aws/errors.hpp"

namespace kclhost::host::aws {
namespace {

using namespace std::chrono_literals;

constexpr auto renew_before = 5min;
constexpr auto renew_pause = 30s;  // between attempts that fail

std::string nothing_found(const SharedConfig& shared, const std::string& instance) {
  std::string files = "no home directory for shared files";
  if (!shared.credentials_file.empty() || !shared.config_file.empty()) {
    files = "profile " + shared.profile_name + " in " + shared.credentials_file + " and " + shared.config_file;
  }
  return "no AWS credentials: looked at AWS_ACCESS_KEY_ID, AWS_WEB_IDENTITY_TOKEN_FILE, " + files +
         ", AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and _FULL_URI, instance metadata (" + instance +
         "); set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (a local Kinesis takes any)";
}

}  // namespace

CredentialChain::CredentialChain(Environment environment, Http& http, std::string region, Clock clock)
    : environment_(std::move(environment)), http_(http), region_(std::move(region)), clock_(std::move(clock)) {}

const Credentials& CredentialChain::get() {
  const TimePoint now = clock_();
  const auto lasts = [&](std::chrono::seconds margin) {
    return current_ && (!current_->expiration || now + margin < *current_->expiration);
  };
  if (lasts(renew_before)) return *current_;
  if (lasts(0s) && now < next_attempt_) return *current_;
  // Also after success: a source may hand out the same ones until they have expired.
  next_attempt_ = now + renew_pause;
  try {
    current_ = find();
    if (lasts(renew_before)) next_attempt_ = {};
  } catch (const std::exception&) {
    if (!lasts(0s)) throw;
  }
  return *current_;
}

Credentials CredentialChain::find() const {
  if (auto found = environment_credentials(environment_)) return *found;
  if (auto found = web_identity_credentials(environment_, region_, http_)) return *found;
  const SharedConfig shared = load_shared_config(environment_);
  if (auto found = profile_credentials(shared)) return *found;
  if (auto found = container_credentials(environment_, http_)) return *found;
  const auto instance = instance_metadata_endpoint(environment_);
  if (!instance) throw ConfigurationError(nothing_found(shared, "off by AWS_EC2_METADATA_DISABLED"));
  try {
    return instance_credentials(*instance, http_);
  } catch (const std::exception& error) {
    throw ConfigurationError(nothing_found(shared, error.what()));
  }
}

}  // namespace kclhost::host::aws
