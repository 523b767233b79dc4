// What the services let the daemon do, as far as asking alone can tell.
#include <algorithm>
#include <exception>

#include "aws/errors.hpp"
#include "config/daemon_properties.hpp"
#include "config/table_names.hpp"
#include "doctor/checks.hpp"
#include "support/json_out.hpp"

namespace kclhost::host::doctor {
namespace {

using json::text_of;

// A request that names one thing.
std::string request(const char* name, const std::string& value) {
  return JsonOut().open('{').member(name, value).close('}').take();
}

// Why nothing can be asked of a service; "": it can.
std::string obstacle(const Setup& setup, bool answers) {
  const Services& services = setup.services;
  if (!services.why_not().empty()) return services.why_not();
  if (!answers) return "the endpoint does not answer";
  return services.believed ? "" : "no credentials are known to be good";
}

// Asks, and adds a finding where that is not allowed, or not answered. What else goes wrong is the caller's to judge.
Answer try_out(Setup& setup, const char* service, const char* action, const std::string& body, const std::string& on,
               Outcome& outcome) {
  const bool kinesis = service[0] == 'k';
  Answer answer = kinesis ? setup.services.ask_kinesis(action, body) : setup.services.ask_dynamodb(action, body);
  if (answer.denied()) {
    const std::string permission = std::string(service) + ':' + action;
    outcome.findings.push_back(
        {on, permission + " is not allowed: " + answer.message,
         "allow " + permission + " there; kclhost iam " + setup.arguments() + " prints the whole policy"});
  } else if (answer.unanswered()) {
    outcome.findings.push_back(no_answer(on, std::string(action) + ": " + answer.message));
  }
  return answer;
}

// What went wrong that is no matter of permission, and will not pass.
bool failed(const Answer& answer) {
  return !answer.document && !answer.denied() && !answer.code.empty() && !aws::is_passing(answer.code);
}

void read_one_shard(Setup& setup, const std::string& stream, const rapidjson::Document& shards, const std::string& on,
                    Outcome& outcome) {
  const auto list = shards.FindMember("Shards");
  if (list == shards.MemberEnd() || !list->value.IsArray() || list->value.Empty()) return;
  const Answer iterator = try_out(setup, "kinesis", "GetShardIterator",
                                  JsonOut()
                                      .open('{')
                                      .member("StreamName", stream)
                                      .member("ShardId", text_of(list->value[0], "ShardId"))
                                      .member("ShardIteratorType", "LATEST")
                                      .close('}')
                                      .take(),
                                  on, outcome);
  if (!iterator.document) return;
  try_out(setup, "kinesis", "GetRecords",
          JsonOut()
              .open('{')
              .member("ShardIterator", text_of(*iterator.document, "ShardIterator"))
              .member("Limit", 1)
              .close('}')
              .take(),
          on, outcome);
}

bool fans_out(const Setup& setup) {
  const auto mode = setup.config.daemon.properties.find("retrievalMode");
  return mode != setup.config.daemon.properties.end() && config::is_choice(mode->second, "FANOUT");
}

// The daemon registers the consumer that is not there yet.
void look_for_consumer(Setup& setup, const std::string& stream, const std::string& on, Outcome& outcome) {
  const auto& properties = setup.config.daemon.properties;
  if (properties.count("fanoutConfig.consumerArn") != 0) return;
  const Answer summary = try_out(setup, "kinesis", "DescribeStreamSummary", request("StreamName", stream), on, outcome);
  if (!summary.document || !summary.document->HasMember("StreamDescriptionSummary")) return;
  const auto named = properties.find("fanoutConfig.consumerName");
  const std::string consumer = named == properties.end() ? setup.services.plan().application : named->second;
  const std::string arn = text_of((*summary.document)["StreamDescriptionSummary"], "StreamARN");
  try_out(setup, "kinesis", "DescribeStreamConsumer",
          JsonOut().open('{').member("StreamARN", arn).member("ConsumerName", consumer).close('}').take(), on, outcome);
}

std::string key_of(const rapidjson::Value& table) {
  const auto schema = table.FindMember("KeySchema");
  if (schema == table.MemberEnd() || !schema->value.IsArray()) return {};
  for (const auto& key : schema->value.GetArray()) {
    if (text_of(key, "KeyType") == "HASH") return text_of(key, "AttributeName");
  }
  return {};
}

// True where the table is there.
bool look_at_table(Setup& setup, const launch::KclTable& table, Outcome& outcome) {
  const std::string on = "table " + table.name + " in " + setup.services.access().region;
  const Answer answer = try_out(setup, "dynamodb", "DescribeTable", request("TableName", table.name), on, outcome);
  if (answer.code == "ResourceNotFoundException") return false;
  if (failed(answer)) outcome.findings.push_back({on, answer.message, "see what DynamoDB's message says"});
  if (!answer.document || !answer.document->HasMember("Table")) return true;
  const rapidjson::Value& about = (*answer.document)["Table"];
  if (const std::string key = key_of(about); key != table.key) {
    outcome.findings.push_back({on,
                                "it is another program's: its key is " + key + ", and the KCL's would be " + table.key,
                                "set another daemon.properties.applicationName, or another name for the table "
                                "(tableName, coordinatorStateTableName, workerMetricsTableName)"});
    return true;
  }
  const std::string status = text_of(about, "TableStatus");
  if (status != "ACTIVE" && status != "UPDATING" && status != "CREATING") {
    outcome.findings.push_back(
        {on, "it is " + status,
         "wait until it is gone, or ACTIVE again: aws dynamodb describe-table --table-name " + table.name});
    return true;
  }
  if (status == "CREATING") return true;
  JsonOut scan, get, query;
  scan.open('{').member("TableName", table.name).member("Limit", 1).close('}');
  try_out(setup, "dynamodb", "Scan", scan.take(), on, outcome);
  if (table.key != std::string("wid")) {  // of that table the KCL gets no single row
    get.open('{').member("TableName", table.name).key("Key").open('{');
    get.key(table.key).open('{').member("S", "kclhost-doctor").close('}').close('}').close('}');
    try_out(setup, "dynamodb", "GetItem", get.take(), on, outcome);
  }
  if (about.HasMember("GlobalSecondaryIndexes") && table.key == "leaseKey") {
    query.open('{').member("TableName", table.name).member("IndexName", config::owner_index);
    query.member("KeyConditionExpression", "leaseOwner = :owner").key("ExpressionAttributeValues").open('{');
    query.key(":owner").open('{').member("S", "kclhost-doctor").close('}').close('}').close('}');
    try_out(setup, "dynamodb", "Query", query.take(), on + ", its index", outcome);
  }
  return true;
}

const char* cure_of(const Answer& answer) {
  if (answer.code.starts_with("Expired")) {
    return "get new ones; a role (of the instance, the task or the pod) renews them by itself, variables do not";
  }
  if (answer.code.find("ignature") != std::string::npos) {
    return "correct AWS_SECRET_ACCESS_KEY, or aws_secret_access_key of the profile: it is not the key's";
  }
  return "correct AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the profile; aws sts get-caller-identity tries them";
}

}  // namespace

Outcome look_at_credentials(Setup& setup) {
  Services& services = setup.services;
  if (!services.why_not().empty()) return not_looked(services.why_not());
  try {
    services.access().credentials.get();
  } catch (const aws::LeftToOthers& error) {
    return not_looked(error.what());
  } catch (const std::exception& error) {
    return found(
        finding_of("", error.what(),
                   "give this machine a role (of the instance, the task or the pod), or set AWS_ACCESS_KEY_ID and "
                   "AWS_SECRET_ACCESS_KEY"));
  }
  if (!services.kinesis_answers && !services.dynamodb_answers) {
    return not_looked("there are some, but nobody can be asked whether they are good");
  }
  const Answer answer = services.kinesis_answers
                            ? services.ask_kinesis("ListShards", request("StreamName", services.plan().stream))
                            : services.ask_dynamodb("DescribeTable", request("TableName", services.plan().leases.name));
  const prime::DaemonAccess& access = services.access();
  const std::string& asked = services.kinesis_answers ? access.kinesis_endpoint : access.dynamodb_endpoint;
  if (answer.not_believed()) return found({asked, answer.message, cure_of(answer)});
  if (answer.unanswered()) return found(no_answer(asked, answer.message));
  services.believed = true;
  return well("access key " + services.access().credentials.get().access_key_id);
}

Outcome look_at_stream(Setup& setup) {
  if (const std::string why = obstacle(setup, setup.services.kinesis_answers); !why.empty()) return not_looked(why);
  Outcome outcome;
  const std::string& stream = setup.services.plan().stream;
  const std::string region = setup.services.access().region;
  const std::string on = "stream " + stream + " in " + region;
  outcome.says = on;
  const Answer answer = try_out(setup, "kinesis", "ListShards", request("StreamName", stream), on, outcome);
  if (answer.code == "ResourceNotFoundException") {
    outcome.findings.push_back(
        {on, "there is none: " + answer.message,
         "correct streamName (streamArn) or regionName in daemon.properties, or make it: aws kinesis "
         "create-stream --stream-name " +
             stream + " --region " + region});
  } else if (answer.code == "ResourceInUseException") {
    outcome.findings.push_back(
        {on, "it is not ACTIVE: " + answer.message,
         "wait until it is: aws kinesis wait stream-exists --stream-name " + stream + " --region " + region});
  } else if (failed(answer)) {
    outcome.findings.push_back({on, answer.message, "see what Kinesis' message says"});
  }
  if (answer.document) read_one_shard(setup, stream, *answer.document, on, outcome);
  if (answer.document && fans_out(setup)) look_for_consumer(setup, stream, on, outcome);
  return outcome;
}

Outcome look_at_tables(Setup& setup) {
  if (const std::string why = obstacle(setup, setup.services.dynamodb_answers); !why.empty()) return not_looked(why);
  Outcome outcome;
  int there = 0;
  for (const launch::KclTable* table : setup.services.plan().tables()) {
    if (look_at_table(setup, *table, outcome)) ++there;
  }
  outcome.says = there == 0 ? "application " + setup.services.plan().application + " is new: the tables will be made"
                            : std::to_string(there) + " of application " + setup.services.plan().application;
  return outcome;
}

}  // namespace kclhost::host::doctor
