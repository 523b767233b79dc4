#include "aws/http.hpp"

#include <arpa/inet.h>
#include <curl/curl.h>

#include <algorithm>
#include <ctime>
#include <new>
#include <string_view>
#include <utility>

#include "aws/errors.hpp"

namespace kclhost::host::aws {
namespace {

// No answer the client asks for comes near this.
constexpr std::size_t max_answer = 64u << 20;
constexpr std::size_t max_headers = 1u << 20;

std::size_t append(char* data, std::size_t, std::size_t size, void* to) {
  auto& body = *static_cast<std::string*>(to);
  if (body.size() + size > max_answer) return 0;
  body.append(data, size);
  return size;
}

// Faults of the network or of a server that is starting, as opposed to a bad URL or certificate.
bool is_passing(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_PARTIAL_FILE:
    case CURLE_SSL_CONNECT_ERROR:
      return true;
    default:
      return false;
  }
}

struct Headers {
  std::size_t bytes = 0;
  std::optional<TimePoint>& date;
};

// Keeps what "Date: ..." says, and no more: libcurl holds as many headers as a server sends.
std::size_t take_header(char* data, std::size_t, std::size_t size, void* to) {
  auto& headers = *static_cast<Headers*>(to);
  headers.bytes += size;
  if (headers.bytes > max_headers) return 0;
  constexpr std::string_view name = "date:";
  const std::string_view header(data, size);
  const auto same = [](char a, char b) { return a == b || a == b - 'a' + 'A'; };
  if (header.size() > name.size() &&
      std::equal(name.begin(), name.end(), header.begin(), [&](char b, char a) { return same(a, b); })) {
    const std::string value(header.substr(name.size()));
    const std::time_t seconds = curl_getdate(value.c_str(), nullptr);
    if (seconds != -1) headers.date = TimePoint(std::chrono::seconds(seconds));
  }
  return size;
}

void set_trust(CURL* curl, const Trust& trust) {
  if (trust.file.empty() && trust.directory.empty()) return;
  // Null takes the system's certificates away.
  const auto path = [](const std::string& text) { return text.empty() ? nullptr : text.c_str(); };
  curl_easy_setopt(curl, CURLOPT_CAINFO, path(trust.file));
  curl_easy_setopt(curl, CURLOPT_CAPATH, path(trust.directory));
  curl_easy_setopt(curl, CURLOPT_PROXY_CAINFO, path(trust.file));
  curl_easy_setopt(curl, CURLOPT_PROXY_CAPATH, path(trust.directory));
}

std::string cure(CURLcode code) {
  switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
      return "; where a private authority signs, AWS_CA_BUNDLE names the file of its certificates";
    case CURLE_SSL_CACERT_BADFILE:
      return "; AWS_CA_BUNDLE, ca_bundle of the profile, or one like them must name a file of certificates (PEM)";
    default:
      return {};
  }
}

using HeaderList = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

void push(HeaderList& list, const std::string& header) {
  curl_slist* longer = curl_slist_append(list.get(), header.c_str());
  if (longer == nullptr) throw std::bad_alloc();
  (void)list.release();
  list.reset(longer);
}

using Url = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

std::string url_part(const Url& url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url.get(), part, &text, flags) != CURLUE_OK) return {};
  std::string copy(text);
  curl_free(text);
  return copy;
}

Url parse_url(const std::string& text) {
  Url url(curl_url(), &curl_url_cleanup);
  if (url == nullptr) throw std::bad_alloc();
  if (curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) url.reset();
  return url;
}

std::vector<std::string> signature_headers(const HttpRequest& request) {
  const Url url = parse_url(request.url);
  if (url == nullptr) throw TransportError("not a URL: " + request.url, false);
  std::string host = url_part(url, CURLUPART_HOST);
  const std::string port = url_part(url, CURLUPART_PORT, CURLU_NO_DEFAULT_PORT);
  if (!port.empty()) host += ':' + port;
  return sign({request.method, host, url_part(url, CURLUPART_PATH), request.headers, request.body}, *request.signing,
              now());
}

}  // namespace

struct CurlHttp::Handle {
  CURL* curl = curl_easy_init();
  ~Handle() { curl_easy_cleanup(curl); }
};

CurlHttp::CurlHttp(Trust trust) : handle_(std::make_unique<Handle>()), trust_(std::move(trust)) {
  if (handle_->curl == nullptr) throw std::bad_alloc();
}

CurlHttp::~CurlHttp() = default;

HttpResponse CurlHttp::send(const HttpRequest& request) {
  CURL* curl = handle_->curl;
  curl_easy_reset(curl);  // options only: connections stay

  HttpResponse response;
  char reason[CURL_ERROR_SIZE] = "";
  HeaderList headers(nullptr, &curl_slist_free_all);
  for (const std::string& header : request.headers) push(headers, header);
  if (request.signing) {
    for (const std::string& header : signature_headers(request)) push(headers, header);
  }
  push(headers, "Expect:");  // no 100-continue round trip before large batches

  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason);
  curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.connect_timeout.count()));
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &append);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &response.body);
  Headers answer_headers{0, response.date};
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, &take_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &answer_headers);
  set_trust(curl, trust_);
  if (request.direct || is_loopback(url_host(request.url))) curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
  if (request.method != "GET") {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.c_str());
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());

  const CURLcode code = curl_easy_perform(curl);
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &response.status);
  const std::string cause = reason[0] != '\0' ? reason : curl_easy_strerror(code);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, nullptr);  // the handle outlives what it points to
  if (code == CURLE_OK) return response;
  const std::string what = request.url + ": " + cause + cure(code);
  curl_off_t until_ready = 0;  // name, connection and TLS
  curl_easy_getinfo(curl, CURLINFO_PRETRANSFER_TIME_T, &until_ready);
  if (code == CURLE_OPERATION_TIMEDOUT && until_ready > 0) throw AnswerTimeout(what);
  throw TransportError(what, is_passing(code));
}

std::string url_host(const std::string& text) {
  const Url url = parse_url(text);
  if (url == nullptr) return {};
  const std::string scheme = url_part(url, CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") return {};
  std::string host = url_part(url, CURLUPART_HOST);
  if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
  return host;
}

bool is_loopback(const std::string& host) {
  if (host == "localhost") return true;
  in_addr v4{};
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6{};
  return inet_pton(AF_INET6, host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

}  // namespace kclhost::host::aws
