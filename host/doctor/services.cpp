#include "doctor/services.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <string_view>

#include "aws/dynamodb.hpp"
#include "aws/errors.hpp"
#include "aws/kinesis.hpp"

namespace kclhost::host::doctor {
namespace {

constexpr aws::RequestTimes request_times{std::chrono::seconds{5}, std::chrono::seconds{10}};

template <std::size_t count>
bool is_one_of(const std::string& code, const std::array<std::string_view, count>& codes) {
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

}  // namespace

bool Answer::denied() const {
  return is_one_of<3>(code, {"AccessDeniedException", "AccessDenied", "KMSAccessDeniedException"});
}

bool Answer::not_believed() const {
  return is_one_of<11>(
      code, {"UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId", "InvalidSignatureException",
             "SignatureDoesNotMatch", "IncompleteSignatureException", "MissingAuthenticationTokenException",
             "ExpiredTokenException", "ExpiredToken", "RequestExpired", "AuthFailure"});
}

Services::Services(const config::Daemon& daemon, const std::map<std::string, std::string>& properties) try {
  if (const auto option = launch::option_for_sdk(daemon); !option.empty()) {
    why_not_ = option + " may lead the AWS SDK elsewhere, where kclhost does not follow";
    return;
  }
  auto plan = launch::plan_priming(properties);
  if (!plan) {
    why_not_ = plan.error();
    return;
  }
  plan_ = std::move(*plan);
  access_ = std::make_unique<prime::DaemonAccess>(*plan_);
  const auto service = [this](const std::string& endpoint, const aws::JsonProtocol& protocol) {
    return std::make_unique<aws::JsonService>(access_->http, access_->credentials, access_->region, endpoint, protocol,
                                              request_times);
  };
  kinesis_ = service(access_->kinesis_endpoint, aws::kinesis_protocol);
  dynamodb_ = service(access_->dynamodb_endpoint, aws::dynamodb_protocol);
} catch (const std::exception& error) {
  why_not_ = error.what();
}

Answer Services::ask(aws::JsonService& service, const char* action, const std::string& body) try {
  return {service.ask(action, body), {}, {}};
} catch (const aws::ServiceError& error) {
  return {std::nullopt, error.code(), error.what()};
} catch (const std::exception& error) {
  return {std::nullopt, {}, error.what()};
}

}  // namespace kclhost::host::doctor
