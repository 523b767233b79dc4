// Reads inputs (files of records, or a captured conversation) into a script.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "replay/position.hpp"
#include "replay/script.hpp"
#include "support/result.hpp"

namespace kclhost::host::replay {

enum class Format {
  automatic,     // json, dead_letters or protocol, by the first line that is neither blank nor a remark
  json,          // one object a line: {"data": base64} or {"text": "…"}, and what else a record has
  lines,         // each line that is not empty is one record's data, without its newline
  dead_letters,  // lines of a dead-letter file, all of one shard
  protocol,      // the daemon's messages; "> " may stand before them, lines with "< " and "# " are left out
};

struct InputOptions {
  std::vector<std::string> files;  // "-": standard input
  Format format = Format::automatic;
  std::size_t batch_size = 1000;                  // records; a batch is also cut at 10 MiB of data, as Kinesis does
  std::string shard_id = "shardId-000000000000";  // dead letters and captures name their own
  std::optional<Position> resume;                 // leave out the records up to here
  std::optional<End> end;                         // none: as captured, else shutdown_requested
  // Told once for each input, by its name, when a second has brought nothing of it; may be empty.
  std::function<void(const std::string& name)> on_wait;
};

// Reads everything; nothing is left to fail once the child runs. Errors are FILE:LINE: what is wrong and its cure.
Result<Script> read_inputs(const InputOptions& options);

}  // namespace kclhost::host::replay
