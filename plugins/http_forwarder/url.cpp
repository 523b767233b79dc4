#include "url.hpp"

#include <curl/curl.h>

#include <memory>
#include <new>

namespace http_forwarder {

std::string fault_of_url(const std::string& url) {
  const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> parsed(curl_url(), &curl_url_cleanup);
  if (parsed == nullptr) throw std::bad_alloc();
  const CURLUcode code = curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0);
  if (code != CURLUE_OK) return std::string("is no URL: ") + curl_url_strerror(code);
  const auto part = [&](CURLUPart which) {
    char* text = nullptr;
    if (curl_url_get(parsed.get(), which, &text, 0) != CURLUE_OK) return std::string();
    std::string copy(text);
    curl_free(text);
    return copy;
  };
  const std::string scheme = part(CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") return "must begin with http:// or https://";
  if (!part(CURLUPART_USER).empty() || !part(CURLUPART_PASSWORD).empty()) {
    return "must have no user and password in it: a header may have them, from a file or a variable";
  }
  return {};
}

std::string shown_url(const std::string& url) {
  return url.substr(0, url.find_first_of("?#"));
}

}  // namespace http_forwarder
