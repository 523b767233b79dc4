#include "aws/trust.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "aws/errors.hpp"
#include "aws/shared_config.hpp"

namespace kclhost::host::aws {
namespace {

Trust trust_in(const std::string& path, const std::string& from) {
  if (::access(path.c_str(), R_OK) != 0) {
    throw ConfigurationError(from + ": " + path + ": " + std::strerror(errno) +
                             "; name a file of certificates (PEM), or unset it");
  }
  std::error_code error;
  return std::filesystem::is_directory(path, error) ? Trust{"", path} : Trust{path, ""};
}

}  // namespace

Trust resolve_trust(const Environment& environment) {
  if (const auto path = environment("AWS_CA_BUNDLE")) return trust_in(*path, "AWS_CA_BUNDLE");
  const SharedConfig shared = load_shared_config(environment);
  if (const auto path = shared.get("ca_bundle")) {
    return trust_in(*path, "ca_bundle of profile " + shared.profile_name);
  }
  for (const char* variable : {"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"}) {
    if (const auto path = environment(variable)) return trust_in(*path, variable);
  }
  return {};
}

}  // namespace kclhost::host::aws
