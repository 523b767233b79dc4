// The three calls of Kinesis that a reader needs, in CBOR over HTTP/2.
#pragma once

#include <curl/curl.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cbor.hpp"

namespace bench {

struct Stream {
  std::string endpoint;  // http://HOST:PORT: HTTP/2 from the first byte on
  std::string name;
  std::string region;
};

// One connection; for one thread. Requests are signed with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY of the
// environment. What goes wrong is a std::runtime_error.
class Kinesis {
 public:
  struct Read {
    std::size_t records = 0;
    bool caught_up = false;
    std::string next;  // the iterator for the next read; empty at the shard's end
  };

  explicit Kinesis(const Stream& stream);

  // The identifiers of all shards.
  std::vector<std::string> shards();

  // An iterator for the shard's first record.
  std::string first(const std::string& shard);

  // Reads up to `most` records and calls process(data) for each. The data is gone with the next call.
  template <typename Process>
  Read read(const std::string& iterator, std::size_t most, Process process) {
    Read read;
    CborReader answer = ask("GetRecords", CborMap(2).add("ShardIterator", iterator).add("Limit", most));
    answer.map([&](std::string_view key) {
      if (key == "Records") {
        answer.array([&] {
          answer.map([&](std::string_view member) { member == "Data" ? process(answer.bytes()) : answer.skip(); });
          ++read.records;
        });
      } else if (key == "NextShardIterator") {
        if (!answer.null()) read.next = answer.text();
      } else if (key == "MillisBehindLatest") {
        read.caught_up = answer.number() == 0;
      } else {
        answer.skip();
      }
    });
    return read;
  }

 private:
  struct Free {
    void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };

  CborReader ask(const char* action, const CborMap& request);

  std::string stream_;
  std::unique_ptr<CURL, Free> curl_;
  std::string answer_;
};

}  // namespace bench
