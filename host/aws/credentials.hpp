// Where AWS credentials come from.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "aws/environment.hpp"
#include "aws/http.hpp"
#include "aws/timestamp.hpp"

namespace kclhost::host::aws {

struct Credentials {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;            // empty: long-term credentials
  std::optional<TimePoint> expiration;  // empty: never
};

// The first of these that is configured, in this order: the environment, a web identity token (EKS), the profile in the
// shared files, the container's credentials endpoint (ECS, EKS), the instance's metadata (EC2, IMDSv2). A source that
// is configured and fails is an error: the next one might be somebody else's identity.
class CredentialChain {
 public:
  using Clock = std::function<TimePoint()>;

  // region is where a web identity token is exchanged. http must outlive this.
  CredentialChain(Environment environment, Http& http, std::string region, Clock clock = aws::now);

  // What to sign with now. Looks on first use, and again from five minutes before what it has expires; while that is
  // still valid, a failure to renew it is not an error. Throws ConfigurationError or RequestError.
  const Credentials& get();

  // The service says that they expired: the next get() looks again.
  void discard() { current_.reset(); }

 private:
  Credentials find() const;

  Environment environment_;
  Http& http_;
  std::string region_;
  Clock clock_;
  std::optional<Credentials> current_;
  TimePoint next_attempt_{};
};

}  // namespace kclhost::host::aws
