#include "cli/cli.hpp"

#include <cstdio>

namespace kclhost::host::cli {

void complain(const std::string& message) {
  std::fprintf(stderr, "kclhost: %s\n", message.c_str());
}

}  // namespace kclhost::host::cli
