// A service that takes and gives JSON over HTTP.
#pragma once

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <chrono>
#include <string>
#include <string_view>

#include "aws/credentials.hpp"
#include "aws/http.hpp"
#include "support/json.hpp"

namespace kclhost::host::aws {

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

void write_string(Writer& writer, std::string_view text);
void write_member(Writer& writer, const char* name, std::string_view value);

using json::text_of;

// Text from outside, on one line and not too long for one.
std::string shortened(const std::string& text);

// What tells one such service from another.
struct JsonProtocol {
  const char* name;          // for a person: "Kinesis"
  const char* signing_name;  // "kinesis"
  const char* target;        // what stands before an action in X-Amz-Target: "Kinesis_20131202."
  const char* version;       // of the JSON: "1.1"
};

// How long one request may take.
struct RequestTimes {
  std::chrono::milliseconds connect = HttpRequest{}.connect_timeout;
  std::chrono::milliseconds whole = HttpRequest{}.timeout;
};

// Every call is one request (two, where credentials had expired), never tried again in here. All throw ServiceError,
// TransportError and what CredentialChain throws. One thread at a time.
class JsonService {
 public:
  // http and credentials must outlive this.
  JsonService(Http& http, CredentialChain& credentials, std::string region, std::string endpoint, JsonProtocol protocol,
              RequestTimes times = {});

  // The answer as it came.
  std::string call(const char* action, const std::string& body);
  // The answer, which must be a JSON object.
  rapidjson::Document ask(const char* action, const std::string& body);

  const std::string& endpoint() const { return endpoint_; }
  const std::string& region() const { return region_; }

 private:
  Http& http_;
  CredentialChain& credentials_;
  std::string region_;
  std::string endpoint_;
  JsonProtocol protocol_;
  RequestTimes times_;
};

}  // namespace kclhost::host::aws
