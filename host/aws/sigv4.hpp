// AWS Signature Version 4, for requests without a query. libcurl 7.88 can sign too, but it also signs "Expect:", which
// tells it to leave that header out, and no service accepts a signature over a header it did not get.
#pragma once

#include <string>
#include <vector>

#include "aws/timestamp.hpp"

namespace kclhost::host::aws {

struct Signing {
  std::string access_key_id;
  std::string secret_access_key;
  std::string region;
  std::string service;
};

// What is signed of a request. Every header the caller sends should be here, x-amz-* in any case.
struct Signable {
  std::string method;
  std::string host;                  // with the port as the Host header has it
  std::string path;                  // as sent
  std::vector<std::string> headers;  // "Name: value"; neither Host nor X-Amz-Date
  std::string body;
};

// The headers to send besides: Host, X-Amz-Date, Authorization.
std::vector<std::string> sign(const Signable& request, const Signing& signing, TimePoint now);

}  // namespace kclhost::host::aws
