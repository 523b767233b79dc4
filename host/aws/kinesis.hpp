// The few Kinesis Data Streams calls that kclhost makes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "aws/json_service.hpp"

namespace kclhost::host::aws {

inline constexpr JsonProtocol kinesis_protocol{
    .name = "Kinesis", .signing_name = "kinesis", .target = "Kinesis_20131202.", .version = "1.1"};

struct Record {
  std::string data;           // bytes
  std::string partition_key;  // UTF-8, 1 to 256 characters
  std::optional<std::string> explicit_hash_key;
  std::size_t line = 0;  // of the input, from 1; 0: it has none. Not sent

  // Bytes as the service counts them against its limits.
  std::size_t size() const { return data.size() + partition_key.size(); }
};

struct StreamSummary {
  std::string status;  // CREATING, ACTIVE, UPDATING, DELETING
  int open_shards = 0;
};

// What became of one record. error_code is empty if it was accepted.
struct PutResult {
  std::string error_code;
  std::string error_message;
};

// Which shards to list.
struct ShardFilter {
  const char* type = "AT_LATEST";                        // as the service names it
  std::optional<std::int64_t> timestamp = std::nullopt;  // for AT_TIMESTAMP: seconds since 1970
};

struct Shard {
  std::string id, parent, adjacent_parent;    // "" where there is none
  std::string first_hash_key, last_hash_key;  // decimal
};

// The calls throw as JsonService does.
class Kinesis {
 public:
  // http and credentials must outlive this.
  Kinesis(Http& http, CredentialChain& credentials, std::string region, std::string endpoint, RequestTimes times = {});

  // `stream` is its name or its ARN; create takes names only.
  StreamSummary describe(const std::string& stream);
  void create(const std::string& stream, int shards);
  // The results are in the records' order, one for each.
  std::vector<PutResult> put(const std::string& stream, const std::vector<Record>& records);

  // In the service's order; nothing where there are more than `most`. One request a page.
  std::optional<std::vector<Shard>> list_shards(const std::string& stream, const ShardFilter& filter, std::size_t most);

  const std::string& endpoint() const { return service_.endpoint(); }
  const std::string& region() const { return service_.region(); }

 private:
  JsonService service_;
};

}  // namespace kclhost::host::aws
