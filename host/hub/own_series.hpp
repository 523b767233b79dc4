// The metrics that kclhost itself has. docs/metrics.md has each of them.
#pragma once

#include <string_view>

#include "hub/series.hpp"

namespace kclhost::host::hub::own {

struct OwnFamily {
  std::string_view name;
  Kind kind;
  std::string_view unit, help;

  operator Family() const { return {std::string(name), kind, std::string(unit), std::string(help)}; }
};

// ---- Of a shard, by its host
inline constexpr OwnFamily received_records{"kclhost_received_records", Kind::counter, "",
                                            "Records that the daemon handed over, those that came again included"};
inline constexpr OwnFamily received_bytes{"kclhost_received_bytes", Kind::counter, "bytes",
                                          "Data and partition keys of these records"};
inline constexpr OwnFamily finished_records{"kclhost_finished_records", Kind::counter, "",
                                            "Records that are finished, by what became of them"};
inline constexpr OwnFamily finished_bytes{"kclhost_finished_bytes", Kind::counter, "bytes",
                                          "Data and partition keys of the records that are finished"};
inline constexpr OwnFamily process{"kclhost_process_seconds", Kind::histogram, "seconds",
                                   "How long process_records took with records"};
inline constexpr OwnFamily retries{"kclhost_retries", Kind::counter, "",
                                   "Deliveries of records that had been part of a failed one"};
inline constexpr OwnFamily failures{"kclhost_failures", Kind::counter, "",
                                    "Calls of process_records that failed, or that the worker did not survive"};
inline constexpr OwnFamily restarts{"kclhost_worker_restarts", Kind::counter, "",
                                    "Workers that were started in another's place, by why"};
inline constexpr OwnFamily swaps{"kclhost_swaps", Kind::counter, "", "Changes of the release, by how they ended"};
inline constexpr OwnFamily checkpoints{"kclhost_checkpoints", Kind::counter, "", "Checkpoints, by how they ended"};
inline constexpr OwnFamily checkpoint{"kclhost_checkpoint_seconds", Kind::histogram, "seconds",
                                      "How long the daemon took to answer a checkpoint"};
inline constexpr OwnFamily in_flight_records{"kclhost_in_flight_records", Kind::gauge, "",
                                             "Records that are not finished"};
inline constexpr OwnFamily in_flight_bytes{"kclhost_in_flight_bytes", Kind::gauge, "bytes",
                                           "Data and partition keys of the records that are not finished"};
inline constexpr OwnFamily memory{"kclhost_memory_bytes", Kind::gauge, "bytes",
                                  "Resident memory of the shard's processes"};

// ---- Of a shard's shadow, by its host
inline constexpr OwnFamily shadow_records{"kclhost_shadow_records", Kind::counter, "",
                                          "Records that the shadow was given"};
inline constexpr OwnFamily shadow_batches{"kclhost_shadow_batches", Kind::counter, "",
                                          "Batches that came while there was a shadow, by what became of them there"};
inline constexpr OwnFamily shadow_rejected{"kclhost_shadow_rejected_records", Kind::counter, "",
                                           "Records that the shadow rejected"};
inline constexpr OwnFamily shadow_differences{"kclhost_shadow_differences", Kind::counter, "",
                                              "Batches that one of shadow and plugin failed at, by which of them"};
inline constexpr OwnFamily shadow_deaths{"kclhost_shadow_deaths", Kind::counter, "",
                                         "Workers of the shadow that died, were ended or did not come up"};
inline constexpr OwnFamily shadow_process{"kclhost_shadow_process_seconds", Kind::histogram, "seconds",
                                          "How long the shadow's process_records took with records"};

// Those above, which hosts send. Whoever reads them has this program's list too, so the name says all of them.
inline constexpr const OwnFamily* sent_by_hosts[] = {
    &received_records, &received_bytes,    &finished_records,   &finished_bytes, &process,
    &retries,          &failures,          &restarts,           &swaps,          &checkpoints,
    &checkpoint,       &in_flight_records, &in_flight_bytes,    &memory,         &shadow_records,
    &shadow_batches,   &shadow_rejected,   &shadow_differences, &shadow_deaths,  &shadow_process,
};

// ---- Of a shard, by its state
inline constexpr OwnFamily ready{"kclhost_shard_ready", Kind::gauge, "", "Whether the shard gets on"};
inline constexpr OwnFamily blocked{"kclhost_blocked", Kind::gauge, "", "Whether the shard waits for a record to pass"};
inline constexpr OwnFamily waiting{"kclhost_waiting_seconds", Kind::gauge, "seconds",
                                   "How long the shard has had something to do and got nothing done"};
inline constexpr OwnFamily behind_latest{"kclhost_behind_latest_seconds", Kind::gauge, "seconds",
                                         "How far behind the stream's newest record the last batch was"};
inline constexpr OwnFamily checkpoint_age{"kclhost_checkpoint_age_seconds", Kind::gauge, "seconds",
                                          "Since when there are records that no checkpoint covers"};
inline constexpr OwnFamily checkpoint_time{"kclhost_last_checkpoint_timestamp_seconds", Kind::gauge, "seconds",
                                           "When the last checkpoint was recorded"};
inline constexpr OwnFamily plugin_info{"kclhost_plugin_info", Kind::gauge, "", "The plugin that runs"};

// ---- Of the launch
inline constexpr OwnFamily build_info{"kclhost_build_info", Kind::gauge, "", "The kclhost that runs"};
inline constexpr OwnFamily daemon_up{"kclhost_daemon_up", Kind::gauge, "", "Whether the daemon runs"};
inline constexpr OwnFamily stream_restarts{"kclhost_stream_restarts", Kind::counter, "",
                                           "Times that the launch of one of several streams was started again"};
inline constexpr OwnFamily shards{"kclhost_shards", Kind::gauge, "", "Shards that this machine has the lease of"};

}  // namespace kclhost::host::hub::own
