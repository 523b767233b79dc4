#include "aws/sigv4.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <ctime>
#include <map>
#include <stdexcept>
#include <string_view>

#include "aws/uri.hpp"

namespace kclhost::host::aws {
namespace {

constexpr const char* algorithm = "AWS4-HMAC-SHA256";

std::string hex(std::string_view bytes) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += {digits[byte >> 4], digits[byte & 15]};
  }
  return text;
}

std::string sha256_hex(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) {
    throw std::runtime_error("OpenSSL has no SHA-256");
  }
  return hex({reinterpret_cast<const char*>(digest.data()), size});
}

std::string hmac(std::string_view key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
           text.size(), digest.data(), &size) == nullptr) {
    throw std::runtime_error("OpenSSL has no HMAC-SHA-256");
  }
  return {reinterpret_cast<const char*>(digest.data()), size};
}

std::string utc(TimePoint time) {
  const std::time_t seconds = time.time_since_epoch().count();
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &parts)};
}

std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

// White space around a value goes, runs of blanks inside become one.
std::string canonical_value(std::string_view value) {
  std::string text;
  for (const char c : value) {
    const bool blank = c == ' ' || c == '\t';
    if (blank && (text.empty() || text.back() == ' ')) continue;
    text += blank ? ' ' : c;
  }
  if (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

}  // namespace

std::vector<std::string> sign(const Signable& request, const Signing& signing, TimePoint now) {
  const std::string date = utc(now);
  std::map<std::string, std::string> headers = {{"host", request.host}, {"x-amz-date", date}};
  for (const std::string& header : request.headers) {
    const auto colon = header.find(':');
    headers[lower(header.substr(0, colon))] = canonical_value(std::string_view(header).substr(colon + 1));
  }
  std::string lines;
  std::string names;
  for (const auto& [name, value] : headers) {
    lines.append(name).append(":").append(value).append("\n");
    if (!names.empty()) names += ';';
    names += name;
  }
  const std::string canonical = request.method + '\n' + uri_encode(request.path, "/") + "\n\n" + lines + '\n' + names +
                                '\n' + sha256_hex(request.body);

  const std::string day = date.substr(0, 8);
  const std::string scope = day + '/' + signing.region + '/' + signing.service + "/aws4_request";
  const std::string key =
      hmac(hmac(hmac(hmac("AWS4" + signing.secret_access_key, day), signing.region), signing.service), "aws4_request");
  const std::string signature =
      hex(hmac(key, std::string(algorithm) + '\n' + date + '\n' + scope + '\n' + sha256_hex(canonical)));
  return {"Host: " + request.host, "X-Amz-Date: " + date,
          std::string("Authorization: ") + algorithm + " Credential=" + signing.access_key_id + '/' + scope +
              ", SignedHeaders=" + names + ", Signature=" + signature};
}

}  // namespace kclhost::host::aws
