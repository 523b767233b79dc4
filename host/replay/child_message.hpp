// What a child says.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "replay/checkpointer.hpp"

namespace kclhost::host::replay {

struct ChildMessage {
  enum class Kind { status, checkpoint, other };  // other: one of the daemon's own messages, which it reads and ignores
  Kind kind = Kind::other;
  std::string response_for;          // status; empty when null or missing
  Checkpointer::Request checkpoint;  // checkpoint
};

// Reads a line as the daemon's JSON library does: text after the object is overlooked, numbers may be strings and
// strings numbers, but an unknown action or an unknown member makes the line no message at all. Nothing when it is
// none.
std::optional<ChildMessage> parse_child_message(std::string_view line);

}  // namespace kclhost::host::replay
