// Whose certificates a server may show.
#pragma once

#include <string>

#include "aws/environment.hpp"

namespace kclhost::host::aws {

// Certificates in place of the system's. Both empty: the system's.
struct Trust {
  std::string file;       // of authorities' certificates, PEM
  std::string directory;  // of such files, by their hash
};

// The first of AWS_CA_BUNDLE, the profile's ca_bundle, REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE, SSL_CERT_FILE and
// SSL_CERT_DIR that is set. Throws ConfigurationError when it names nothing that can be read.
Trust resolve_trust(const Environment& environment);

}  // namespace kclhost::host::aws
