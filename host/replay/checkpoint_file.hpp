// The file that stands for the lease table: {"sequenceNumber": "…", "subSequenceNumber": 0}.
#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

#include "replay/position.hpp"
#include "support/result.hpp"

namespace kclhost::host::replay {

// The checkpoint in `file`; no position when there is no such file.
Result<std::optional<Position>> load_checkpoint(const std::filesystem::path& file);

// What such a file holds.
Result<Position> parse_checkpoint(std::string_view text);

// Replaces `file`. It holds either the old checkpoint or the new one whenever the machine stops.
std::optional<Error> store_checkpoint(const std::filesystem::path& file, const Position& position);

}  // namespace kclhost::host::replay
