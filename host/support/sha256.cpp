// OpenSSL 3 calls these functions deprecated. The ones it wants used look up an algorithm's provider first, which reads
// a configuration file and takes a millisecond, in a program that starts once per shard; and of the archive these alone
// need no more than SHA-256.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "support/sha256.hpp"

#include <openssl/sha.h>

namespace kclhost::host {

struct Sha256::Context : SHA256_CTX {};

Sha256::Sha256() : context_(std::make_unique<Context>()) {
  ::SHA256_Init(context_.get());
}

Sha256::~Sha256() = default;

void Sha256::add(std::string_view bytes) {
  ::SHA256_Update(context_.get(), bytes.data(), bytes.size());
}

std::string Sha256::hex() {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  ::SHA256_Final(digest, context_.get());
  constexpr char digits[] = "0123456789abcdef";
  std::string hex;
  for (const unsigned char byte : digest) {
    hex += digits[byte >> 4];
    hex += digits[byte & 15];
  }
  return hex;
}

std::string sha256_hex(std::string_view bytes) {
  Sha256 hash;
  hash.add(bytes);
  return hash.hex();
}

}  // namespace kclhost::host
