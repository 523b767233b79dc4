// The metrics as collectors read them.
#pragma once

#include <chrono>
#include <string>

#include "hub/series.hpp"
#include "hub/snapshot.hpp"

namespace kclhost::host::hub {

// All that a launch counts and measures, with the labels `stream` and `shard`. Takes the snapshot, so that what is in
// it can go piece by piece: of many shards it is large.
Tally collect(Snapshot snapshot, std::chrono::milliseconds window);

// open_metrics: OpenMetrics 1.0. prometheus: the text format that was before it, 0.0.4.
enum class Format { open_metrics, prometheus };

const char* content_type(Format format);
std::string expose(const Tally& tally, Format format);

}  // namespace kclhost::host::hub
