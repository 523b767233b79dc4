#include "aws/kinesis.hpp"

#include <utility>

#include "aws/errors.hpp"
#include "aws/stream_arn.hpp"
#include "support/base64.hpp"

namespace kclhost::host::aws {
namespace {

void name_stream(Writer& writer, const std::string& stream) {
  write_member(writer, is_arn(stream) ? "StreamARN" : "StreamName", stream);
}

// A page's own token names the stream and what is asked of it.
std::string shards_request(const std::string& stream, const ShardFilter& filter, const std::string& next) {
  rapidjson::StringBuffer body;
  Writer writer(body);
  writer.StartObject();
  if (!next.empty()) {
    write_member(writer, "NextToken", next);
  } else {
    name_stream(writer, stream);
    writer.Key("ShardFilter");
    writer.StartObject();
    write_member(writer, "Type", filter.type);
    if (filter.timestamp) {
      writer.Key("Timestamp");
      writer.Int64(*filter.timestamp);
    }
    writer.EndObject();
  }
  writer.EndObject();
  return body.GetString();
}

Shard read_shard(const rapidjson::Value& value) {
  Shard shard;
  shard.id = text_of(value, "ShardId");
  shard.parent = text_of(value, "ParentShardId");
  shard.adjacent_parent = text_of(value, "AdjacentParentShardId");
  if (value.IsObject() && value.HasMember("HashKeyRange")) {
    shard.first_hash_key = text_of(value["HashKeyRange"], "StartingHashKey");
    shard.last_hash_key = text_of(value["HashKeyRange"], "EndingHashKey");
  }
  return shard;
}

}  // namespace

Kinesis::Kinesis(Http& http, CredentialChain& credentials, std::string region, std::string endpoint, RequestTimes times)
    : service_(http, credentials, std::move(region), std::move(endpoint), kinesis_protocol, times) {}

StreamSummary Kinesis::describe(const std::string& stream) {
  rapidjson::StringBuffer body;
  Writer writer(body);
  writer.StartObject();
  name_stream(writer, stream);
  writer.EndObject();
  const rapidjson::Document document = service_.ask("DescribeStreamSummary", body.GetString());
  StreamSummary summary;
  const auto found = document.FindMember("StreamDescriptionSummary");
  if (found == document.MemberEnd() || !found->value.IsObject()) return summary;
  summary.status = text_of(found->value, "StreamStatus");
  const auto shards = found->value.FindMember("OpenShardCount");
  if (shards != found->value.MemberEnd() && shards->value.IsInt()) summary.open_shards = shards->value.GetInt();
  return summary;
}

std::optional<std::vector<Shard>> Kinesis::list_shards(const std::string& stream, const ShardFilter& filter,
                                                       std::size_t most) {
  std::vector<Shard> shards;
  std::string next;
  do {
    const rapidjson::Document page = service_.ask("ListShards", shards_request(stream, filter, next));
    const auto listed = page.FindMember("Shards");
    if (listed == page.MemberEnd() || !listed->value.IsArray()) {
      throw ServiceError("ListShards", "the answer holds no shards", 200);
    }
    for (const auto& shard : listed->value.GetArray()) shards.push_back(read_shard(shard));
    if (shards.size() > most) return std::nullopt;
    std::string token = text_of(page, "NextToken");
    // A service that has more and gives none would be asked for ever.
    if (!token.empty() && listed->value.Empty()) throw ServiceError("ListShards", "a page without shards", 200);
    next = std::move(token);
  } while (!next.empty());
  return shards;
}

void Kinesis::create(const std::string& stream, int shards) {
  rapidjson::StringBuffer body;
  Writer writer(body);
  writer.StartObject();
  name_stream(writer, stream);
  writer.Key("ShardCount");
  writer.Int(shards);
  writer.EndObject();
  service_.call("CreateStream", body.GetString());
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
    write_member(writer, "Data", data);
    write_member(writer, "PartitionKey", record.partition_key);
    if (record.explicit_hash_key) write_member(writer, "ExplicitHashKey", *record.explicit_hash_key);
    writer.EndObject();
  }
  writer.EndArray();
  writer.EndObject();

  const rapidjson::Document document = service_.ask("PutRecords", {body.GetString(), body.GetSize()});
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
