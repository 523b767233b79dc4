// Where metrics, health and the page are served.
#pragma once

#include <string>

#include "support/fd.hpp"
#include "support/result.hpp"

namespace kclhost::host::launch {

struct ListeningPort {
  Fd fd;
  std::string address;  // HOST:PORT; of port 0 the one that was found
};

// Listens at metrics.listen, which is HOST:PORT. The error is one line.
Result<ListeningPort> listen_at(const std::string& address);

}  // namespace kclhost::host::launch
