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

Finding no_answer(const std::string& where, const std::string& message) {
  return {where, without(where + '/', message),
          "see whether the service, or a proxy in front of it, has too much to do; where it is only slow, give it more "
          "time: --timeout 60"};
}

Services::Services(const config::Daemon& daemon, const std::map<std::string, std::string>& properties,
                   std::chrono::seconds patience)
    : times_{std::chrono::milliseconds(patience) / 2, patience} {
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
  try {
    access_ = std::make_unique<prime::DaemonAccess>(*plan_);
    const auto service = [this](const std::string& endpoint, const aws::JsonProtocol& protocol) {
      return std::make_unique<aws::JsonService>(access_->http, access_->credentials, access_->region, endpoint,
                                                protocol, times_);
    };
    kinesis_ = service(access_->kinesis_endpoint, aws::kinesis_protocol);
    dynamodb_ = service(access_->dynamodb_endpoint, aws::dynamodb_protocol);
  } catch (const std::exception& error) {  // a function's try block would throw it again
    why_not_ = error.what();
  }
}

Answer Services::ask(aws::JsonService& service, const char* action, const std::string& body) try {
  return {service.ask(action, body), {}, {}};
} catch (const aws::ServiceError& error) {
  return {std::nullopt, error.code(), error.what()};
} catch (const std::exception& error) {
  return {std::nullopt, {}, error.what()};
}

}  // namespace kclhost::host::doctor
