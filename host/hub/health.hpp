// Whether the shards get on.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hub/snapshot.hpp"

namespace kclhost::host::hub {

// Why the host's shard does not get on; "" when it does. `window`: how long it may have something to do and get nothing
// done.
std::string trouble_of(const Snapshot::Host& host, std::int64_t now_ms, std::chrono::milliseconds window);

// The daemon lives; of several one at least: those that do not are started again without the others' doing.
bool is_alive(const Snapshot& snapshot);

// For each shard that does not get on a line that says why, and one for each daemon that does not live: nothing when
// this machine does its work. Who owns no shard does.
std::vector<std::string> troubles(const Snapshot& snapshot, std::chrono::milliseconds window);

// Everything about every shard as JSON, in the order of their names, but for their hosts' log lines.
std::string shards_json(const Snapshot& snapshot, std::chrono::milliseconds window);
// And about one, with those. Nothing for a shard that is not here.
std::optional<std::string> shard_json(const Snapshot& snapshot, std::string_view stream, std::string_view shard,
                                      std::chrono::milliseconds window);

}  // namespace kclhost::host::hub
