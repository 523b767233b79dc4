#include "aws/json_service.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "aws/errors.hpp"
#include "support/one_line.hpp"

namespace kclhost::host::aws {
namespace {

// What to add to a refusal that comes of this machine's clock; empty: it does not.
std::string clock_fault(const std::string& code, const HttpResponse& response, TimePoint here) {
  constexpr std::string_view codes[] = {"InvalidSignatureException", "SignatureDoesNotMatch", "RequestExpired",
                                        "RequestTimeTooSkewed",      "RequestInTheFuture",    "AuthFailure"};
  constexpr std::chrono::minutes tolerated(4);  // services refuse from five on
  if (!response.date || std::find(std::begin(codes), std::end(codes), code) == std::end(codes)) return {};
  const auto ahead = here - *response.date;
  if (std::chrono::abs(ahead) < tolerated) return {};
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(std::chrono::abs(ahead)).count();
  return "; this machine's clock is " + std::to_string(minutes) + " minutes " +
         (ahead.count() > 0 ? "ahead of" : "behind") + " the service's: set it right (timedatectl)";
}

ServiceError service_error(const HttpResponse& response, TimePoint here) {
  rapidjson::Document document;
  (void)json::parse(response.body, document);
  std::string code = text_of(document, "__type");
  if (const auto hash = code.rfind('#'); hash != std::string::npos) code.erase(0, hash + 1);
  std::string message = text_of(document, "message");
  if (message.empty()) message = text_of(document, "Message");
  if (code.empty()) {
    code = "HTTP " + std::to_string(response.status);
    if (message.empty()) message = response.body;
  }
  code = shortened(code);
  return {code, shortened(message) + clock_fault(code, response, here), response.status};
}

bool says_expired(const std::string& code) {
  return code == "ExpiredTokenException" || code == "ExpiredToken";
}

}  // namespace

void write_string(Writer& writer, std::string_view text) {
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

void write_member(Writer& writer, const char* name, std::string_view value) {
  writer.Key(name);
  write_string(writer, value);
}

// An endpoint can be anything, a web site included.
std::string shortened(const std::string& text) {
  constexpr std::size_t longest = 300;
  return text.size() > longest ? one_line(text.substr(0, longest)) + "..." : one_line(text);
}

JsonService::JsonService(Http& http, CredentialChain& credentials, std::string region, std::string endpoint,
                         JsonProtocol protocol, RequestTimes times)
    : http_(http),
      credentials_(credentials),
      region_(std::move(region)),
      endpoint_(std::move(endpoint)),
      protocol_(protocol),
      times_(times) {}

std::string JsonService::call(const char* action, const std::string& body) {
  for (bool again = false;; again = true) {
    const Credentials& credentials = credentials_.get();
    HttpRequest request;
    request.method = "POST";
    request.url = endpoint_ + '/';
    request.headers = {std::string("Content-Type: application/x-amz-json-") + protocol_.version,
                       std::string("X-Amz-Target: ") + protocol_.target + action};
    if (!credentials.session_token.empty()) {
      request.headers.push_back("X-Amz-Security-Token: " + credentials.session_token);
    }
    request.body = body;
    request.connect_timeout = times_.connect;
    request.timeout = times_.whole;
    request.signing =
        Signing{credentials.access_key_id, credentials.secret_access_key, region_, protocol_.signing_name};
    HttpResponse response = http_.send(request);
    if (response.status == 200) return std::move(response.body);
    ServiceError error = service_error(response, now());
    if (again || !says_expired(error.code())) throw error;
    credentials_.discard();
  }
}

rapidjson::Document JsonService::ask(const char* action, const std::string& body) {
  const std::string answer = call(action, body);
  rapidjson::Document document;
  if (json::parse(answer, document) || !document.IsObject()) {
    throw ServiceError(action,
                       std::string("the answer is not what ") + protocol_.name + " sends: " + shortened(answer) +
                           "; is the endpoint right?",
                       200);
  }
  return document;
}

}  // namespace kclhost::host::aws
