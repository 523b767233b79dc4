#include "cli/iam_policy.hpp"

#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include <algorithm>
#include <string_view>

#include "aws/partitions.hpp"
#include "config/daemon_properties.hpp"
#include "config/table_names.hpp"

namespace kclhost::host::cli {
namespace {

using Properties = std::map<std::string, std::string>;

std::string value_of(const Properties& properties, const std::string& name) {
  const auto set = properties.find(name);
  return set == properties.end() ? "" : set->second;
}

// The ARNs of one application's stream and tables.
class Arns {
 public:
  Arns(const Properties& properties, const std::string& account)
      : stream_(value_of(properties, "streamArn")), region_(value_of(properties, "regionName")), account_(account) {
    const std::vector<std::string> parts = parts_of(stream_);
    constexpr std::size_t partition = 1, region = 3, owner = 4, all = 6;
    if (parts.size() == all) {
      partition_ = parts[partition];
      if (region_.empty()) region_ = parts[region];
      if (account_.empty()) account_ = parts[owner];
    }
    if (partition_.empty()) partition_ = region_.empty() ? "*" : std::string(aws::partition_of(region_).arn);
    if (region_.empty()) region_ = "*";
    if (account_.empty()) account_ = "*";
    if (stream_.empty()) stream_ = arn("kinesis", "stream/" + value_of(properties, "streamName"));
  }

  const std::string& stream() const { return stream_; }
  std::string table(const std::string& name) const { return arn("dynamodb", "table/" + name); }

 private:
  static std::vector<std::string> parts_of(const std::string& arn) {
    std::vector<std::string> parts{""};
    for (const char c : arn) {
      if (c == ':') {
        parts.emplace_back();
      } else {
        parts.back() += c;
      }
    }
    return parts;
  }
  std::string arn(const char* service, const std::string& resource) const {
    return "arn:" + partition_ + ':' + service + ':' + region_ + ':' + account_ + ':' + resource;
  }

  std::string stream_, region_, account_, partition_;
};

// Registering the consumer takes the stream, using it the consumer, whose ARN ends in the time at which it was made.
void add_fan_out(const Properties& properties, const Arns& arns, std::vector<Statement>& policy) {
  if (const std::string consumer = value_of(properties, "fanoutConfig.consumerArn"); !consumer.empty()) {
    policy.push_back({"SubscribeToShards", {"kinesis:SubscribeToShard"}, {consumer}});
    return;
  }
  std::string name = value_of(properties, "fanoutConfig.consumerName");
  if (name.empty()) name = value_of(properties, "applicationName");
  auto& on_stream = policy.front().actions;
  on_stream.insert(on_stream.end(), {"kinesis:DescribeStreamConsumer", "kinesis:DescribeStreamSummary",
                                     "kinesis:RegisterStreamConsumer"});
  std::sort(on_stream.begin(), on_stream.end());
  policy.push_back({"SubscribeToShards",
                    {"kinesis:DescribeStreamConsumer", "kinesis:SubscribeToShard"},
                    {arns.stream() + "/consumer/" + name + ":*"}});
}

// A table with what its properties ask for when it is made.
Statement table_statement(const Properties& properties, const char* name, std::vector<std::string> calls,
                          const std::string& resource, const char* tags, const char* recovery) {
  if (!value_of(properties, tags).empty()) calls.push_back("TagResource");
  if (config::is_true(value_of(properties, recovery))) calls.push_back("UpdateContinuousBackups");
  if (config::is_true(value_of(properties, "migrateAllEntitiesToLeaseTable"))) calls.push_back("ConditionCheckItem");
  std::sort(calls.begin(), calls.end());
  for (std::string& call : calls) call.insert(0, "dynamodb:");
  return {name, calls, {resource}};
}

void write_texts(rapidjson::PrettyWriter<rapidjson::StringBuffer>& json, const char* name,
                 const std::vector<std::string>& texts) {
  json.Key(name);
  json.StartArray();
  for (const std::string& text : texts) json.String(text.c_str());
  json.EndArray();
}

}  // namespace

std::vector<Statement> least_policy(const Properties& properties, const std::string& account) {
  const Arns arns(properties, account);
  std::vector<Statement> policy{
      {"ReadStream", {"kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:ListShards"}, {arns.stream()}}};
  if (config::is_choice(value_of(properties, "retrievalMode"), "FANOUT")) add_fan_out(properties, arns, policy);

  const config::TableNames names = config::table_names(properties);
  const std::string leases = arns.table(names.leases);
  policy.push_back(table_statement(
      properties, "KeepLeases",
      {"CreateTable", "DeleteItem", "DescribeTable", "GetItem", "PutItem", "Scan", "UpdateItem", "UpdateTable"}, leases,
      "", "leaseTablePitrEnabled"));
  policy.push_back({"FindOwnLeases", {"dynamodb:Query"}, {leases + "/index/" + config::owner_index}});
  policy.push_back(table_statement(
      properties, "Coordinate",
      {"CreateTable", "DeleteItem", "DescribeTable", "GetItem", "PutItem", "Scan", "UpdateItem"},
      arns.table(names.coordinator_state), "coordinatorStateTags", "coordinatorStatePointInTimeRecoveryEnabled"));
  policy.push_back(table_statement(
      properties, "ReportLoad", {"CreateTable", "DeleteItem", "DescribeTable", "Scan", "UpdateItem"},
      arns.table(names.worker_metrics), "workerMetricsTags", "workerMetricsPointInTimeRecoveryEnabled"));
  if (!config::is_choice(value_of(properties, "metricsLevel"), "NONE")) {
    policy.push_back({"PutMetrics", {"cloudwatch:PutMetricData"}, {"*"}, value_of(properties, "applicationName")});
  }
  return policy;
}

std::string policy_json(const std::vector<Statement>& statements) {
  rapidjson::StringBuffer buffer;
  rapidjson::PrettyWriter<rapidjson::StringBuffer> json(buffer);
  json.SetIndent(' ', 2);
  json.StartObject();
  json.Key("Version");
  json.String("2012-10-17");
  json.Key("Statement");
  json.StartArray();
  for (const Statement& statement : statements) {
    json.StartObject();
    json.Key("Sid");
    json.String(statement.name.c_str());
    json.Key("Effect");
    json.String("Allow");
    write_texts(json, "Action", statement.actions);
    write_texts(json, "Resource", statement.resources);
    if (!statement.metrics_namespace.empty()) {
      json.Key("Condition");
      json.StartObject();
      json.Key("StringEquals");
      json.StartObject();
      json.Key("cloudwatch:namespace");
      json.String(statement.metrics_namespace.c_str());
      json.EndObject();
      json.EndObject();
    }
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
  return buffer.GetString() + std::string("\n");
}

}  // namespace kclhost::host::cli
