// HTTP requests, signed with AWS Signature Version 4 where asked.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "aws/sigv4.hpp"
#include "aws/timestamp.hpp"
#include "aws/trust.hpp"

namespace kclhost::host::aws {

struct HttpRequest {
  std::string method = "GET";
  std::string url;                   // http or https
  std::vector<std::string> headers;  // "Name: value"; all of them are signed, if any
  std::string body;                  // sent with any method but GET
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds timeout{120'000};  // for the whole exchange
  bool direct = false;                         // past any proxy
  std::optional<Signing> signing;
};

struct HttpResponse {
  long status = 0;
  std::string body;
  std::optional<TimePoint> date = std::nullopt;  // the server's clock, if it says
};

// One thread at a time.
class Http {
 public:
  virtual ~Http() = default;
  // Returns whatever the server answered, redirects and errors included. Throws TransportError.
  virtual HttpResponse send(const HttpRequest& request) = 0;
};

// By libcurl; keeps connections open between requests. Make the first one before the program starts threads.
class CurlHttp final : public Http {
 public:
  explicit CurlHttp(Trust trust = {});
  ~CurlHttp() override;
  HttpResponse send(const HttpRequest& request) override;

 private:
  struct Handle;
  std::unique_ptr<Handle> handle_;
  Trust trust_;
};

// The host of an http or https URL, without brackets; empty if there is none or it is another scheme.
std::string url_host(const std::string& url);

// Whether a host, as url_host gives it, is this machine by name or address.
bool is_loopback(const std::string& host);

}  // namespace kclhost::host::aws
