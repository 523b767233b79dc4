#include "aws/dynamodb.hpp"

#include "aws/errors.hpp"

namespace kclhost::host::aws {
namespace {

void write_key(Writer& writer, const std::string& attribute, const char* kind) {
  writer.StartObject();
  write_member(writer, "AttributeName", attribute);
  write_member(writer, "KeyType", kind);
  writer.EndObject();
}

void write_definition(Writer& writer, const std::string& attribute) {
  writer.StartObject();
  write_member(writer, "AttributeName", attribute);
  write_member(writer, "AttributeType", "S");
  writer.EndObject();
}

void write_index(Writer& writer, const NewTable& table) {
  writer.Key("GlobalSecondaryIndexes");
  writer.StartArray();
  writer.StartObject();
  write_member(writer, "IndexName", table.index->name);
  writer.Key("KeySchema");
  writer.StartArray();
  write_key(writer, table.index->key, "HASH");
  write_key(writer, table.key, "RANGE");
  writer.EndArray();
  writer.Key("Projection");
  writer.StartObject();
  write_member(writer, "ProjectionType", "KEYS_ONLY");
  writer.EndObject();
  writer.EndObject();
  writer.EndArray();
}

void write_item(Writer& writer, const Item& item) {
  writer.StartObject();
  for (const Attribute& attribute : item) {
    writer.Key(attribute.name.c_str());
    writer.StartObject();
    if (attribute.kind == Attribute::Kind::texts) {
      writer.Key("SS");
      writer.StartArray();
      for (const std::string& value : attribute.values) write_string(writer, value);
      writer.EndArray();
    } else {
      write_member(writer, attribute.kind == Attribute::Kind::number ? "N" : "S", attribute.values.front());
    }
    writer.EndObject();
  }
  writer.EndObject();
}

bool all_active(const rapidjson::Value& table) {
  if (text_of(table, "TableStatus") != "ACTIVE") return false;
  const auto indexes = table.FindMember("GlobalSecondaryIndexes");
  if (indexes == table.MemberEnd() || !indexes->value.IsArray()) return true;
  for (const auto& index : indexes->value.GetArray()) {
    if (text_of(index, "IndexStatus") != "ACTIVE") return false;
  }
  return true;
}

}  // namespace

DynamoDb::DynamoDb(Http& http, CredentialChain& credentials, std::string region, std::string endpoint,
                   RequestTimes times)
    : service_(http, credentials, std::move(region), std::move(endpoint), dynamodb_protocol, times) {}

DynamoDb::State DynamoDb::state(const std::string& table) {
  rapidjson::StringBuffer body;
  Writer writer(body);
  writer.StartObject();
  write_member(writer, "TableName", table);
  writer.EndObject();
  try {
    const rapidjson::Document document = service_.ask("DescribeTable", body.GetString());
    const auto found = document.FindMember("Table");
    if (found == document.MemberEnd() || !found->value.IsObject()) {
      throw ServiceError("DescribeTable", "the answer describes no table", 200);
    }
    if (text_of(found->value, "TableStatus") == "CREATING") return State::creating;
    return all_active(found->value) ? State::active : State::changing;
  } catch (const ServiceError& error) {
    if (error.code() == "ResourceNotFoundException") return State::absent;
    throw;
  }
}

bool DynamoDb::create(const NewTable& table) {
  rapidjson::StringBuffer body;
  Writer writer(body);
  writer.StartObject();
  write_member(writer, "TableName", table.name);
  writer.Key("KeySchema");
  writer.StartArray();
  write_key(writer, table.key, "HASH");
  writer.EndArray();
  writer.Key("AttributeDefinitions");
  writer.StartArray();
  write_definition(writer, table.key);
  if (table.index) write_definition(writer, table.index->key);
  writer.EndArray();
  write_member(writer, "BillingMode", "PAY_PER_REQUEST");
  writer.Key("DeletionProtectionEnabled");
  writer.Bool(table.deletion_protection);
  if (table.index) write_index(writer, table);
  writer.EndObject();
  try {
    service_.call("CreateTable", body.GetString());
    return true;
  } catch (const ServiceError& error) {
    if (error.code() == "ResourceInUseException") return false;
    throw;
  }
}

bool DynamoDb::add_all(const std::string& table, const std::string& key, const std::vector<Item>& items) {
  rapidjson::StringBuffer body;
  Writer writer(body);
  writer.StartObject();
  writer.Key("TransactItems");
  writer.StartArray();
  for (const Item& item : items) {
    writer.StartObject();
    writer.Key("Put");
    writer.StartObject();
    write_member(writer, "TableName", table);
    write_member(writer, "ConditionExpression", "attribute_not_exists(" + key + ")");
    writer.Key("Item");
    write_item(writer, item);
    writer.EndObject();
    writer.EndObject();
  }
  writer.EndArray();
  writer.EndObject();
  try {
    service_.call("TransactWriteItems", {body.GetString(), body.GetSize()});
    return true;
  } catch (const ServiceError& error) {
    if (error.code() == "TransactionCanceledException") return false;
    throw;
  }
}

}  // namespace kclhost::host::aws
