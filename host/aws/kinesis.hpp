// The few Kinesis Data Streams calls that putting records takes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "aws/credentials.hpp"
#include "aws/http.hpp"

namespace kclhost::host::aws {

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

// Every call is one request (two, where credentials had expired), never tried again in here. All throw ServiceError,
// TransportError and what CredentialChain throws. One thread at a time.
class Kinesis {
 public:
  // http and credentials must outlive this.
  Kinesis(Http& http, CredentialChain& credentials, std::string region, std::string endpoint);

  // `stream` is its name or its ARN; create takes names only.
  StreamSummary describe(const std::string& stream);
  void create(const std::string& stream, int shards);
  // The results are in the records' order, one for each.
  std::vector<PutResult> put(const std::string& stream, const std::vector<Record>& records);

  const std::string& endpoint() const { return endpoint_; }
  const std::string& region() const { return region_; }

 private:
  std::string call(const char* action, const std::string& body);

  Http& http_;
  CredentialChain& credentials_;
  std::string region_;
  std::string endpoint_;
};

}  // namespace kclhost::host::aws
