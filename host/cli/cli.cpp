#include "cli/cli.hpp"

#include <cstdio>

#include "support/one_line.hpp"

namespace kclhost::host::cli {

void complain(const std::string& message) {
  std::fprintf(stderr, "kclhost: %s\n", one_line(message).c_str());
}

}  // namespace kclhost::host::cli
