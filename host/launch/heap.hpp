// How large the daemon's heap may grow, and how many records a read may bring so that it does not run out.
// docs/daemon.md ("Memory") has the reasons.
#pragma once

#include <cstdint>
#include <optional>

#include "config/config.hpp"

namespace kclhost::host::launch {

// The heap's limit in bytes as daemon.jvm_options set it, whatever daemon.heap says: -Xmx, -XX:MaxHeapSize, or
// -XX:MaxRAMPercentage of `memory`, which is what this machine or container gives us, in bytes. Nothing when they
// don't.
std::optional<std::uint64_t> heap_of_options(const config::Daemon& daemon, std::uint64_t memory);

// The heap's limit in bytes that the daemon will have: by its options, else daemon.heap, else by `memory` and
// the profile.
std::uint64_t heap_limit(const config::Daemon& daemon, std::uint64_t memory);

// What maxRecords is when the configuration does not say.
std::uint64_t records_a_read(std::uint64_t heap);

// idleTimeBetweenReadsInMillis for that: so that a shard's backlog is read at twice the rate at which records can
// arrive.
std::uint64_t pause_between_reads(std::uint64_t records);

// What maxRecords is where that pause is given: as many as arrive in two of them, and no fewer than the heap has room
// for, which then may be too small.
std::uint64_t records_a_read(std::uint64_t heap, std::uint64_t pause);

// How many shards the heap holds that all have a backlog of records of 1 KiB, when a read brings `records` of them.
std::uint64_t shards_held(std::uint64_t heap, std::uint64_t records);

}  // namespace kclhost::host::launch
