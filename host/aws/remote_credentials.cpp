// Credentials that are asked for over HTTP: web identity, container and instance.
#include <array>
#include <fstream>
#include <sstream>
#include <thread>

#include "aws/credential_sources.hpp"
#include "aws/endpoint.hpp"
#include "aws/errors.hpp"
#include "aws/uri.hpp"
#include "support/json.hpp"

namespace kclhost::host::aws {
namespace {

using namespace std::chrono_literals;

// Metadata services are a hop away: what takes longer is not there.
constexpr auto near_connect_timeout = 1s;
constexpr auto near_timeout = 5s;

// Names the source in errors of every kind.
HttpResponse send(Http& http, const HttpRequest& request, const std::string& source) {
  HttpResponse response;
  try {
    response = http.send(request);
  } catch (const TransportError& error) {
    throw TransportError(source + ": " + error.what(), error.retryable());
  }
  if (response.status != 200) {
    throw ServiceError(source, "HTTP " + std::to_string(response.status) + " from " + request.url, response.status);
  }
  return response;
}

// The instance's metadata are shared by all that runs there, and sometimes busy: what may pass is tried again.
HttpResponse send_patiently(Http& http, const HttpRequest& request, const std::string& source) {
  constexpr int attempts = 3;
  auto pause = 100ms;
  for (int attempt = 1;; ++attempt, pause *= 4) {
    try {
      return send(http, request, source);
    } catch (const RequestError& error) {
      if (!error.retryable() || attempt == attempts) throw;
    }
    std::this_thread::sleep_for(pause);
  }
}

HttpRequest near_request(std::string method, std::string url) {
  HttpRequest request;
  request.method = std::move(method);
  request.url = std::move(url);
  request.connect_timeout = near_connect_timeout;
  request.timeout = near_timeout;
  request.direct = true;
  return request;
}

// What container and instance metadata answer with.
Credentials parse_credentials(const std::string& answer, const std::string& source) {
  rapidjson::Document document;
  (void)json::parse(answer, document);
  const auto text = [&](const char* name) -> std::string {
    if (!document.IsObject() || !document.HasMember(name) || !document[name].IsString()) return {};
    return {document[name].GetString(), document[name].GetStringLength()};
  };
  Credentials credentials{text("AccessKeyId"), text("SecretAccessKey"), text("Token"),
                          parse_timestamp(text("Expiration"))};
  if (credentials.access_key_id.empty() || credentials.secret_access_key.empty()) {
    throw ConfigurationError(source + ": the answer holds no credentials");
  }
  return credentials;
}

std::string read_token(const std::string& file, const char* variable) {
  std::ifstream in(file);
  std::ostringstream text;
  if (!(text << in.rdbuf())) throw ConfigurationError(std::string(variable) + ": cannot read " + file);
  std::string token = text.str();
  token.erase(token.find_last_not_of(" \t\r\n") + 1);
  return token;
}

// STS answers in XML; the four values are of alphabets that XML never escapes.
std::string xml_text(const std::string& xml, const std::string& tag) {
  const auto open = xml.find('<' + tag + '>');
  if (open == std::string::npos) return {};
  const auto begin = open + tag.size() + 2;
  const auto end = xml.find("</" + tag + '>', begin);
  return end == std::string::npos ? std::string() : xml.substr(begin, end - begin);
}

// Any https host; over http only those that cannot be somebody else's: this machine, and the addresses of ECS and EKS.
bool may_send_token_to(const std::string& url) {
  const std::string host = url_host(url);
  if (host.empty()) return false;
  if (url.compare(0, 8, "https://") == 0 || is_loopback(host)) return true;
  constexpr std::array<std::string_view, 3> known = {"169.254.170.2", "169.254.170.23", "fd00:ec2::23"};
  for (const std::string_view address : known) {
    if (host == address) return true;
  }
  return false;
}

}  // namespace

std::optional<Credentials> web_identity_credentials(const Environment& environment, const std::string& region,
                                                    Http& http) {
  const auto file = environment("AWS_WEB_IDENTITY_TOKEN_FILE");
  if (!file) return std::nullopt;
  const auto role = environment("AWS_ROLE_ARN");
  if (!role) throw ConfigurationError("AWS_WEB_IDENTITY_TOKEN_FILE is set but AWS_ROLE_ARN is not");
  HttpRequest request;
  request.method = "POST";
  request.url = service_endpoint("sts", "STS", region, environment);
  request.timeout = 30s;
  request.headers = {"Content-Type: application/x-www-form-urlencoded"};
  request.body = "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=" + uri_encode(*role) +
                 "&RoleSessionName=" + uri_encode(environment("AWS_ROLE_SESSION_NAME").value_or("kclhost-put")) +
                 "&WebIdentityToken=" + uri_encode(read_token(*file, "AWS_WEB_IDENTITY_TOKEN_FILE"));
  HttpResponse response;
  const std::string source = "web identity (AWS_WEB_IDENTITY_TOKEN_FILE)";
  try {
    response = http.send(request);
  } catch (const TransportError& error) {
    throw TransportError(source + ": " + error.what(), error.retryable());
  }
  if (response.status != 200) {
    throw ServiceError(source, xml_text(response.body, "Code") + ": " + xml_text(response.body, "Message"),
                       response.status);
  }
  Credentials credentials{xml_text(response.body, "AccessKeyId"), xml_text(response.body, "SecretAccessKey"),
                          xml_text(response.body, "SessionToken"),
                          parse_timestamp(xml_text(response.body, "Expiration"))};
  if (credentials.access_key_id.empty() || credentials.secret_access_key.empty()) {
    throw ConfigurationError(source + ": the answer of " + request.url + " holds no credentials");
  }
  return credentials;
}

std::optional<Credentials> container_credentials(const Environment& environment, Http& http) {
  const auto relative = environment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  const auto full = environment("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  if (!relative && !full) return std::nullopt;
  const std::string url = relative ? "http://169.254.170.2" + *relative : *full;
  if (!may_send_token_to(url)) {
    throw ConfigurationError("AWS_CONTAINER_CREDENTIALS_FULL_URI=" + url +
                             ": must be https, or http on this machine or an address of ECS or EKS");
  }
  const std::string source = "container credentials";
  HttpRequest request = near_request("GET", url);
  std::string token = environment("AWS_CONTAINER_AUTHORIZATION_TOKEN").value_or("");
  // Read at every call: EKS rotates the file.
  if (const auto file = environment("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")) {
    token = read_token(*file, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
  }
  if (token.find_first_of("\r\n") != std::string::npos) {
    throw ConfigurationError(source + ": the authorization token has a line break");
  }
  if (!token.empty()) request.headers.push_back("Authorization: " + token);
  return parse_credentials(send(http, request, source).body, source);
}

std::optional<std::string> instance_metadata_endpoint(const Environment& environment) {
  const std::string disabled = environment("AWS_EC2_METADATA_DISABLED").value_or("");
  if (disabled == "true" || disabled == "TRUE" || disabled == "True") return std::nullopt;
  const std::string mode = environment("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE").value_or("IPv4");
  const bool ipv6 = mode == "IPv6" || mode == "ipv6";
  std::string endpoint = environment("AWS_EC2_METADATA_SERVICE_ENDPOINT")
                             .value_or(ipv6 ? "http://[fd00:ec2::254]" : "http://169.254.169.254");
  while (!endpoint.empty() && endpoint.back() == '/') endpoint.pop_back();
  return endpoint;
}

Credentials instance_credentials(const std::string& endpoint, Http& http) {
  const std::string source = "instance metadata";
  HttpRequest for_token = near_request("PUT", endpoint + "/latest/api/token");
  for_token.headers = {"X-aws-ec2-metadata-token-ttl-seconds: 21600"};
  std::string header = "X-aws-ec2-metadata-token: ";
  try {
    header += send_patiently(http, for_token, source).body;
  } catch (const TransportError& error) {
    throw TransportError(error.what() + std::string("; in a container their hop limit must be 2 or more"),
                         error.retryable());
  }

  HttpRequest request = near_request("GET", endpoint + "/latest/meta-data/iam/security-credentials/");
  request.headers = {header};
  std::string role = send_patiently(http, request, source).body;
  role.erase(std::min(role.find_first_of(" \t\r\n"), role.size()));
  if (role.empty()) throw ConfigurationError(source + ": the instance has no role");
  request.url += role;
  return parse_credentials(send_patiently(http, request, source).body, source);
}

}  // namespace kclhost::host::aws
