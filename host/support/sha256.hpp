#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace kclhost::host {

// SHA-256 of bytes that come in pieces. Not thread-safe.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void add(std::string_view bytes);
  // Lower-case hex. Once, at the end.
  std::string hex();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

// SHA-256 as lower-case hex.
std::string sha256_hex(std::string_view bytes);

}  // namespace kclhost::host
