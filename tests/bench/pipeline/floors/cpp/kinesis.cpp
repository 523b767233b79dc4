#include "kinesis.hpp"

#include <cstdlib>
#include <stdexcept>

namespace bench {
namespace {

std::size_t append(char* data, std::size_t, std::size_t size, void* to) {
  static_cast<std::string*>(to)->append(data, size);
  return size;
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) throw std::runtime_error(std::string(name) + " is not set");
  return value;
}

template <typename Value>
void set(CURL* curl, CURLoption option, Value value) {
  if (const CURLcode code = curl_easy_setopt(curl, option, value)) throw std::runtime_error(curl_easy_strerror(code));
}

}  // namespace

Kinesis::Kinesis(const Stream& stream) : stream_(stream.name), curl_(curl_easy_init()) {
  if (!curl_) throw std::runtime_error("libcurl does not start");
  set(curl_.get(), CURLOPT_URL, stream.endpoint.c_str());
  set(curl_.get(), CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE);
  set(curl_.get(), CURLOPT_NOSIGNAL, 1L);
  set(curl_.get(), CURLOPT_AWS_SIGV4, ("aws:amz:" + stream.region + ":kinesis").c_str());
  set(curl_.get(), CURLOPT_USERPWD, (variable("AWS_ACCESS_KEY_ID") + ":" + variable("AWS_SECRET_ACCESS_KEY")).c_str());
  set(curl_.get(), CURLOPT_WRITEFUNCTION, append);
  set(curl_.get(), CURLOPT_WRITEDATA, &answer_);
}

CborReader Kinesis::ask(const char* action, const CborMap& request) {
  std::unique_ptr<curl_slist, Free> headers(curl_slist_append(nullptr, "Content-Type: application/x-amz-cbor-1.1"));
  const std::string target = std::string("X-Amz-Target: Kinesis_20131202.") + action;
  if (!headers || curl_slist_append(headers.get(), target.c_str()) == nullptr) throw std::bad_alloc();
  set(curl_.get(), CURLOPT_HTTPHEADER, headers.get());
  set(curl_.get(), CURLOPT_POSTFIELDS, request.encoded().data());
  set(curl_.get(), CURLOPT_POSTFIELDSIZE, static_cast<long>(request.encoded().size()));
  answer_.clear();
  if (const CURLcode code = curl_easy_perform(curl_.get())) {
    throw std::runtime_error(std::string(action) + ": " + curl_easy_strerror(code));
  }
  // The connection has HTTP/2 now. libcurl 7.88, Debian 12's, would set it up a second time.
  set(curl_.get(), CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2_0);
  long status = 0;
  curl_easy_getinfo(curl_.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status != 200) throw std::runtime_error(std::string(action) + ": HTTP status " + std::to_string(status));
  return CborReader(answer_);
}

std::vector<std::string> Kinesis::shards() {
  std::vector<std::string> found;
  CborReader answer = ask("ListShards", CborMap(1).add("StreamName", stream_));
  answer.map([&](std::string_view key) {
    if (key != "Shards") return answer.skip();
    answer.array([&] {
      answer.map([&](std::string_view member) {
        if (member != "ShardId") return answer.skip();
        found.emplace_back(answer.text());
      });
    });
  });
  return found;
}

std::string Kinesis::first(const std::string& shard) {
  std::string iterator;
  CborReader answer =
      ask("GetShardIterator",
          CborMap(3).add("StreamName", stream_).add("ShardId", shard).add("ShardIteratorType", "TRIM_HORIZON"));
  answer.map([&](std::string_view key) {
    if (key != "ShardIterator") return answer.skip();
    iterator = answer.text();
  });
  return iterator;
}

}  // namespace bench
