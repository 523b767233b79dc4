// Whether what a command printed has arrived.
#pragma once

#include <optional>
#include <string>

namespace kclhost::host::cli {

struct OutputError {
  int exit_code;        // for a command that has done its work otherwise
  std::string message;  // one line
};

// Writes out what standard output still holds. Nothing when all that was ever printed there is written.
std::optional<OutputError> finish_output();

}  // namespace kclhost::host::cli
