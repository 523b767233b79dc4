// The scenes that a plugin is played. Each adds what it finds to the report.
#pragma once

#include "conformance/records.hpp"
#include "conformance/report.hpp"
#include "conformance/subject.hpp"

namespace kclhost::host::conformance {

struct Play {
  const Subject& subject;
  Report& report;
  RecordMaker records;
};

// scenes_lives.cpp: how a shard begins and ends
void lease_lost(Play& play);
void shutdown(Play& play);
void shard_ended(Play& play);
void daemon_gone(Play& play);
void no_records(Play& play);
void idle_shard(Play& play);

// scenes_custody.cpp: what becomes of records when an instance fails, dies, is replaced or holds too much
void redelivery(Play& play);
void worker_killed(Play& play);
void replacement(Play& play);
void full_flight(Play& play);
void two_lanes(Play& play);

// scenes_values.cpp: what records may be
void odd_records(Play& play);
void huge_batch(Play& play);
void time_to_stop(Play& play);

// scenes_checkpoints.cpp: every answer, at every checkpoint
void refused_checkpoints(Play& play);

// scenes_file.cpp: what the plugin's file and its schema say
void file_and_schema(Play& play);

// scenes_instances.cpp: many instances in one process
void many_instances(Play& play);
void failing_create(Play& play);
void two_at_once(Play& play);

}  // namespace kclhost::host::conformance
