// The few DynamoDB calls that making a new application's tables takes.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "aws/json_service.hpp"

namespace kclhost::host::aws {

inline constexpr JsonProtocol dynamodb_protocol{
    .name = "DynamoDB", .signing_name = "dynamodb", .target = "DynamoDB_20120810.", .version = "1.0"};

// One item's attributes, by name, in any order.
struct Attribute {
  std::string name;
  enum class Kind { text, number, texts } kind = Kind::text;
  std::vector<std::string> values;  // one, or for texts at least one and none twice
};
using Item = std::vector<Attribute>;

// A table that is paid for by the request, with one key, a text.
struct NewTable {
  std::string name;
  std::string key;
  bool deletion_protection = false;
  struct Index {
    std::string name, key;  // its own key; the table's comes behind it, and it holds nothing else
  };
  std::optional<Index> index;
};

// The calls throw as JsonService does.
class DynamoDb {
 public:
  // http and credentials must outlive this.
  DynamoDb(Http& http, CredentialChain& credentials, std::string region, std::string endpoint, RequestTimes times = {});

  enum class State { absent, creating, changing, active };
  // Of the table with its indexes: active when all of them are, changing also while one of them is made.
  State state(const std::string& table);
  // Only begins; false: a table of that name is there or under way.
  bool create(const NewTable& table);
  // All of the items, of which a transaction takes 100 at most, or none of them; false: none, because one with such a
  // key was there or another write was at it.
  bool add_all(const std::string& table, const std::string& key, const std::vector<Item>& items);

 private:
  JsonService service_;
};

}  // namespace kclhost::host::aws
