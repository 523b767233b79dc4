// A broken promise, in words.
#pragma once

#include <string>

namespace kclhost::host::simulation {

struct Violation {
  std::string what;
};

}  // namespace kclhost::host::simulation
