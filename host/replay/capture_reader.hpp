// Reads a captured conversation: the daemon's side becomes a script, byte for byte.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "replay/script.hpp"

namespace kclhost::host::replay {

class CaptureReader {
 public:
  // Records up to `resume` are left out, and the script starts there.
  CaptureReader(std::string shard_id, std::optional<Position> resume);

  // Takes the next line in; what is wrong with it, if anything.
  std::optional<std::string> add(std::string_view line);

  // The script; its endings are empty when the capture has none.
  Script finish();

 private:
  struct Json;

  std::optional<std::string> add_initialize(std::string_view line, const Json& message);
  std::optional<std::string> add_batch(std::string_view line, const Json& message);

  std::string shard_id_;
  std::optional<Position> resume_;
  bool resuming_;  // no record after resume_ was seen yet
  Script script_;
};

// What stands after "> "; nothing for lines that are no message of the daemon: "< ", "# " and blank ones.
std::optional<std::string_view> captured_message(std::string_view line);

}  // namespace kclhost::host::replay
