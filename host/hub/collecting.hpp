// What a launch and its shards count and measure, put together from what hosts have said.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "hub/series.hpp"
#include "hub/snapshot.hpp"

namespace kclhost::host::hub {

// Of the launch itself, and of the daemons of its streams.
Tally collect_of_launch(const Snapshot& snapshot);

// Of one shard: what its hosts have counted, those that have ended too, and what its state says. `tally` has the
// series' own labels alone; none of them is called stream, shard or le.
using TakeShard = std::function<void(const std::string& stream, const std::string& shard, const Tally& tally)>;

// Hands over each shard, one at a time and ordered by name. Takes the snapshot, so that what is in it can go piece by
// piece: of many shards it is large. A shard that does not move on for `window` is not ready.
void collect_of_shards(Snapshot snapshot, std::chrono::milliseconds window, const TakeShard& take);

}  // namespace kclhost::host::hub
