#include "aws/kinesis.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <string_view>
#include <utility>

#include "aws/errors.hpp"
#include "aws/stream_arn.hpp"
#include "support/base64.hpp"
#include "support/json.hpp"
#include "support/one_line.hpp"

namespace kclhost::host::aws {
namespace {

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

void string(Writer& writer, std::string_view text) {
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

void member(Writer& writer, const char* name, std::string_view value) {
  writer.Key(name);
  string(writer, value);
}

void name_stream(Writer& writer, const std::string& stream) {
  member(writer, is_arn(stream) ? "StreamARN" : "StreamName", stream);
}

std::string text_of(const rapidjson::Value& object, const char* name) {
  if (!object.IsObject()) return {};
  const auto found = object.FindMember(name);
  if (found == object.MemberEnd() || !found->value.IsString()) return {};
  return {found->value.GetString(), found->value.GetStringLength()};
}

// An endpoint can be anything, a web site included.
std::string shortened(const std::string& text) {
  constexpr std::size_t longest = 300;
  return text.size() > longest ? one_line(text.substr(0, longest)) + "..." : one_line(text);
}

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

rapidjson::Document parse(const std::string& body, const char* action) {
  rapidjson::Document document;
  if (json::parse(body, document) || !document.IsObject()) {
    throw ServiceError(action, "the answer is not what Kinesis sends: " + shortened(body) + "; is the endpoint right?",
                       200);
  }
  return document;
}

}  // namespace

Kinesis::Kinesis(Http& http, CredentialChain& credentials, std::string region, std::string endpoint)
    : http_(http), credentials_(credentials), region_(std::move(region)), endpoint_(std::move(endpoint)) {}

std::string Kinesis::call(const char* action, const std::string& body) {
  for (bool again = false;; again = true) {
    const Credentials& credentials = credentials_.get();
    HttpRequest request;
    request.method = "POST";
    request.url = endpoint_ + '/';
    request.headers = {"Content-Type: application/x-amz-json-1.1",
                       std::string("X-Amz-Target: Kinesis_20131202.") + action};
    if (!credentials.session_token.empty()) {
      request.headers.push_back("X-Amz-Security-Token: " + credentials.session_token);
    }
    request.body = body;
    request.signing = Signing{credentials.access_key_id, credentials.secret_access_key, region_, "kinesis"};
    HttpResponse response = http_.send(request);
    if (response.status == 200) return std::move(response.body);
    ServiceError error = service_error(response, now());
    if (again || !says_expired(error.code())) throw error;
    credentials_.discard();
  }
}

StreamSummary Kinesis::describe(const std::string& stream) {
  rapidjson::StringBuffer body;
  Writer writer(body);
  writer.StartObject();
  name_stream(writer, stream);
  writer.EndObject();
  const rapidjson::Document document = parse(call("DescribeStreamSummary", body.GetString()), "DescribeStreamSummary");
  StreamSummary summary;
  const auto found = document.FindMember("StreamDescriptionSummary");
  if (found == document.MemberEnd() || !found->value.IsObject()) return summary;
  summary.status = text_of(found->value, "StreamStatus");
  const auto shards = found->value.FindMember("OpenShardCount");
  if (shards != found->value.MemberEnd() && shards->value.IsInt()) summary.open_shards = shards->value.GetInt();
  return summary;
}

void Kinesis::create(const std::string& stream, int shards) {
  rapidjson::StringBuffer body;
  Writer writer(body);
  writer.StartObject();
  name_stream(writer, stream);
  writer.Key("ShardCount");
  writer.Int(shards);
  writer.EndObject();
  call("CreateStream", body.GetString());
}

std::vector<PutResult> Kinesis::put(const std::string& stream, const std::vector<Record>& records) {
  rapidjson::StringBuffer body;
  Writer writer(body);
  writer.StartObject();
  name_stream(writer, stream);
  writer.Key("Records");
  writer.StartArray();
  std::string data;
  for (const Record& record : records) {
    writer.StartObject();
    data.clear();
    base64::encode(record.data, data);
    member(writer, "Data", data);
    member(writer, "PartitionKey", record.partition_key);
    if (record.explicit_hash_key) member(writer, "ExplicitHashKey", *record.explicit_hash_key);
    writer.EndObject();
  }
  writer.EndArray();
  writer.EndObject();

  const rapidjson::Document document = parse(call("PutRecords", {body.GetString(), body.GetSize()}), "PutRecords");
  const auto results = document.FindMember("Records");
  if (results == document.MemberEnd() || !results->value.IsArray() || results->value.Size() != records.size()) {
    throw ServiceError("PutRecords", "the answer does not hold one result for each record", 200);
  }
  std::vector<PutResult> outcome;
  outcome.reserve(records.size());
  for (const auto& result : results->value.GetArray()) {
    outcome.push_back({shortened(text_of(result, "ErrorCode")), shortened(text_of(result, "ErrorMessage"))});
  }
  return outcome;
}

}  // namespace kclhost::host::aws
