/* kclhost plugin ABI, version 1: the C interface between kclhost and a compiled Kinesis record processor.
 *
 * A plugin is a shared object that exports one function, kclhost_plugin_v1 (below). C++ authors use
 * <kclhost/record_processor.hpp>, which wraps this header; everything a plugin can do is here.
 *
 * Rules that hold throughout:
 *   - Every struct begins with struct_size, its size in bytes as its writer was compiled. Within major version 1
 * structs only grow at the end. A reader uses no field that lies beyond struct_size.
 *   - Text and data are pointer and length, not NUL-terminated unless a comment says so. Text is UTF-8.
 *   - What a call is given is the caller's and valid until the call returns, unless a comment says otherwise. No memory
 *     changes owner across this boundary.
 *   - No exception, longjmp or C++ type may cross it.
 *   - kclhost calls one instance from one thread, one call at a time. [any thread] marks what a plugin may call from
 *     threads of its own; all else only from within the call that handed the object over.
 */
#ifndef KCLHOST_PLUGIN_H
#define KCLHOST_PLUGIN_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KCLHOST_ABI_MAJOR 1u
#define KCLHOST_ABI_MINOR 0u

#if defined(__GNUC__)
#define KCLHOST_EXPORT __attribute__((visibility("default")))
#else
#define KCLHOST_EXPORT
#endif

/* Text or bytes; data may be NULL when size is 0. */
typedef struct kclhost_string {
  const char* data;
  size_t size; /* bytes */
} kclhost_string;

/* A kclhost_string initializer from a string literal. */
#define KCLHOST_STRING(literal) \
  { literal, sizeof(literal) - 1 }

/* ---- Status codes: what every fallible call returns -------------------------------------------------------------- */

typedef int32_t kclhost_status;

#define KCLHOST_OK 0
/* Failed; the error's message says why. What a plugin returns for failures of its own. */
#define KCLHOST_FAILED 1
/* The codes below stand for the KCL's exceptions, as checkpoint returns them.
 * ShutdownException: the lease is lost, another worker owns the shard. Not retryable; stop checkpointing. */
#define KCLHOST_SHUTDOWN 2
/* ThrottlingException: the lease table throttled the write. Retryable. */
#define KCLHOST_THROTTLING 3
/* InvalidStateException: no checkpoint is possible here (see kclhost_host.checkpoint), or the lease table is missing.
 */
#define KCLHOST_INVALID_STATE 4
/* KinesisClientLibDependencyException: a service the KCL needs could not be reached. Retryable. */
#define KCLHOST_DEPENDENCY 5
/* IllegalArgumentException: the sequence number was never delivered, or is no number, or lies before the last
 * checkpoint. */
#define KCLHOST_ILLEGAL_ARGUMENT 6
/* Any other exception; kclhost_error.name has its class name. */
#define KCLHOST_OTHER_EXCEPTION 7

/* The same records would fail again, however often: they are not retried. With bisection the record to blame is looked
 * for all the same. */
#define KCLHOST_FAILURE_PERMANENT 1u
/* culprit is set. */
#define KCLHOST_FAILURE_CULPRIT 2u

/* Where a failing call says why. The caller owns it and sets struct_size; all else is zero. Text is NUL-terminated and
 * cut to fit. first_unfinished, culprit, retry_after_ms and flags count from process_records alone. */
typedef struct kclhost_error {
  uint32_t struct_size;
  uint32_t flags; /* KCLHOST_FAILURE_* */
  /* The index of the first record that is not done. Those before it will not be delivered again; 0: none is done. */
  uint64_t first_unfinished;
  /* The index of the record to blame: it is tried alone next, and this failure counts as a try of its own. Without the
   * flag the record at first_unfinished is tried alone next, unless it is the first. */
  uint64_t culprit;
  /* The next try is so far away, milliseconds, at most an hour; 0: as the configured policy says. */
  uint64_t retry_after_ms;
  char name[128];     /* an exception's class name, "" if none applies */
  char message[1024]; /* for a person: what failed, and on what */
} kclhost_error;

/* ---- Records ----------------------------------------------------------------------------------------------------- */

#define KCLHOST_NO_TIMESTAMP INT64_MIN

/* A place in a shard. It is passed by value, and does not grow. */
typedef struct kclhost_position {
  kclhost_string sequence_number; /* decimal digits; or TRIM_HORIZON, LATEST, AT_TIMESTAMP, which come before them */
  int64_t sub_sequence_number;    /* position inside a KPL aggregate, else 0 */
} kclhost_position;

/* Less than, equal to or greater than 0, as a comes before, is, or comes after b in the shard. What is no number comes
 * before every number; two that are none compare by their sub-sequence numbers alone. */
static inline int kclhost_position_compare(kclhost_position a, kclhost_position b) {
  const int a_is_number =
      a.sequence_number.size != 0 && a.sequence_number.data[0] >= '0' && a.sequence_number.data[0] <= '9';
  const int b_is_number =
      b.sequence_number.size != 0 && b.sequence_number.data[0] >= '0' && b.sequence_number.data[0] <= '9';
  if (a_is_number != b_is_number) return a_is_number - b_is_number;
  if (a_is_number && a.sequence_number.size != b.sequence_number.size) {
    return a.sequence_number.size < b.sequence_number.size ? -1 : 1; /* no leading zeros: the longer one is greater */
  }
  if (a_is_number) {
    const int order = memcmp(a.sequence_number.data, b.sequence_number.data, a.sequence_number.size);
    if (order != 0) return order;
  }
  return (a.sub_sequence_number > b.sub_sequence_number) - (a.sub_sequence_number < b.sub_sequence_number);
}

/* One Kinesis record, or one user record out of a KPL aggregate. */
typedef struct kclhost_record {
  uint32_t struct_size;
  uint32_t reserved;
  kclhost_string data; /* bytes, base64 already decoded */
  kclhost_string partition_key;
  kclhost_string sequence_number;           /* decimal digits */
  int64_t sub_sequence_number;              /* position inside a KPL aggregate, else 0 */
  int64_t approximate_arrival_timestamp_ms; /* milliseconds since the epoch, or KCLHOST_NO_TIMESTAMP */
  /* Names the record to acknowledge and reject. The host counts what it gives an instance from 0: the records of a
   * batch have consecutive numbers, and one that comes again has another. */
  uint64_t id;
} kclhost_record;

static inline kclhost_position kclhost_record_position(const kclhost_record* record) {
  kclhost_position position;
  position.sequence_number = record->sequence_number;
  position.sub_sequence_number = record->sub_sequence_number;
  return position;
}

/* The records of one call, in the shard's order. Reach them through kclhost_batch_at. */
typedef struct kclhost_batch {
  uint32_t struct_size;
  uint32_t record_stride; /* bytes from one record to the next */
  const kclhost_record* records;
  size_t record_count;
  int64_t millis_behind_latest; /* how far the batch is behind the stream's tip, milliseconds; -1: unknown */
  uint32_t attempt;             /* 1 the first time these records are delivered to a plugin, then 2, 3, ... */
  uint32_t reserved;
} kclhost_batch;

/* The record at index, which must be below record_count. */
static inline const kclhost_record* kclhost_batch_at(const kclhost_batch* batch, size_t index) {
  return (const kclhost_record*)(const void*)((const char*)batch->records + index * batch->record_stride);
}

/* Where an instance begins on its shard. */
typedef struct kclhost_initialization {
  uint32_t struct_size;
  int32_t reason; /* KCLHOST_INITIALIZATION_* */
  kclhost_string shard_id;
  kclhost_string sequence_number; /* the last finished record: digits, or TRIM_HORIZON, LATEST, AT_TIMESTAMP */
  int64_t sub_sequence_number;
} kclhost_initialization;

/* Why the instance begins; a plugin takes one that it does not know for a restart. */
#define KCLHOST_INITIALIZATION_START 0   /* the first one in this lease */
#define KCLHOST_INITIALIZATION_RESTART 1 /* the one before has died or could not go on: some records may come again */
#define KCLHOST_INITIALIZATION_SWAP 2    /* it takes the place of one that was asked to finish what it held */

/* ---- What the host offers ---------------------------------------------------------------------------------------- */

/* Opaque; valid until the call it was passed to returns. */
typedef struct kclhost_checkpointer kclhost_checkpointer;

#define KCLHOST_LOG_TRACE 0
#define KCLHOST_LOG_DEBUG 1
#define KCLHOST_LOG_INFO 2
#define KCLHOST_LOG_WARN 3
#define KCLHOST_LOG_ERROR 4

#define KCLHOST_METRIC_COUNTER 0   /* what is recorded is added; never negative */
#define KCLHOST_METRIC_GAUGE 1     /* what is recorded replaces */
#define KCLHOST_METRIC_HISTOGRAM 2 /* what is recorded is observed */

/* A metric that register_metric made; valid as long as the host's table. */
typedef struct kclhost_metric kclhost_metric;

typedef struct kclhost_label {
  kclhost_string name; /* [a-zA-Z_][a-zA-Z0-9_]*, not beginning with two underscores */
  kclhost_string value;
} kclhost_label;

/* What a metric is. Two that differ in nothing but the labels' values are series of one metric. No text of it is longer
 * than 1,024 bytes; an instance makes at most 10,000. */
typedef struct kclhost_metric_spec {
  uint32_t struct_size;
  int32_t kind;        /* KCLHOST_METRIC_* */
  kclhost_string name; /* [a-z_][a-z0-9_]*, without the unit and without _total */
  kclhost_string unit; /* a base unit as OpenMetrics has them ("seconds", "bytes"), or empty */
  kclhost_string help; /* one line for a person, or empty */
  const kclhost_label* labels;
  size_t label_count; /* at most 8 */
} kclhost_metric_spec;

/* Why a call should return early. */
#define KCLHOST_STOP_NO 0
#define KCLHOST_STOP_DEADLINE 1 /* its time has passed */
#define KCLHOST_STOP_END 2      /* the host is about to end, or another instance to take over */

/* Why an instance is to finish what it holds. A plugin takes one that it does not know for a swap. */
#define KCLHOST_FINISH_NO 0          /* it is not: the call is none of shard_ended, shutdown_requested and flush */
#define KCLHOST_FINISH_SHARD_ENDED 1 /* the shard was split or merged and has no more records */
#define KCLHOST_FINISH_SHUTDOWN 2    /* the worker is being shut down */
#define KCLHOST_FINISH_SWAP 3        /* another instance takes over */
#define KCLHOST_FINISH_BISECTION 4   /* a record that kills, or fails, is looked for; more records follow */
/* It holds more than in_flight allows; more records follow. One that acknowledges must not wait for this: at that limit
 * it gets nothing but ticks until it has acknowledged some of what it holds. */
#define KCLHOST_FINISH_IN_FLIGHT 5

/* Given to create; valid, at the same address, until destroy returns. */
typedef struct kclhost_host {
  uint32_t struct_size;
  uint32_t abi_minor;
  void* context; /* the first argument of the functions below */
  kclhost_string version;
  kclhost_string plugin_path; /* the plugin's file as it is configured */
  kclhost_string application; /* the KCL's application; empty where there is none (replay) */
  kclhost_string stream;      /* its name; empty where there is none */
  kclhost_string shard_id;
  uint32_t lane;       /* of the shard's instances, from 0: concurrency has each partition key with one of them */
  uint32_t lane_count; /* at least 1 */

  /* One log line; level is KCLHOST_LOG_*. [any thread] */
  void (*log)(void* context, int32_t level, kclhost_string text);
  /* 1 when a line of this level would be written. [any thread] */
  int32_t (*log_enabled)(void* context, int32_t level);
  /* Makes a metric, or finds the one with the same name and labels. KCLHOST_ILLEGAL_ARGUMENT, and why, for a name or a
   * label that is none, or for another kind, unit or help than before. error may be NULL. [any thread] */
  kclhost_status (*register_metric)(void* context, const kclhost_metric_spec* spec, kclhost_metric** metric,
                                    kclhost_error* error);
  /* A metric that is NULL, because it could not be made, is ignored. [any thread] */
  void (*record_metric)(kclhost_metric* metric, double value);
  /* KCLHOST_STOP_*: whether, and why, the call in progress should return early. [any thread] */
  int32_t (*should_stop)(void* context);
  /* What is left of the time of the call in progress, milliseconds; 0 when it has passed, INT64_MAX when it has no
   * limit, -1 between calls. [any thread] */
  int64_t (*remaining_ms)(void* context);
  /* KCLHOST_FINISH_*: why the call in progress asks the instance to finish what it holds. [any thread] */
  int32_t (*finish_reason)(void* context);
  /* tick is called this often from now on, milliseconds; 0, which is the default: never. Ignored when the plugin has no
   * tick. From within calls alone. */
  void (*set_tick_interval)(void* context, uint32_t interval_ms);
  /* Records progress in the lease table, up to and including the record named. sub_sequence_number -1: all of that
   * sequence number, as far as it was delivered. Blocks until the KCL has answered. KCLHOST_INVALID_STATE for plugins
   * that do not set KCLHOST_PLUGIN_CHECKPOINTS, after the call that brought the checkpointer, and from other threads.
   * error may be NULL. */
  kclhost_status (*checkpoint)(kclhost_checkpointer* checkpointer, const kclhost_string* sequence_number,
                               int64_t sub_sequence_number, kclhost_error* error);
  /* The same, up to the last record that this instance was given, the batch in hand included. */
  kclhost_status (*checkpoint_all)(kclhost_checkpointer* checkpointer, kclhost_error* error);
  /* The records with these numbers are done, in whatever order. For plugins that set KCLHOST_PLUGIN_ACKNOWLEDGES;
   * others are not heard. Numbers that were never given are ignored. It never blocks. [any thread] */
  void (*acknowledge)(void* context, uint64_t first_id, uint64_t count);
  /* The record can't ever be processed, for this reason (cut to 1,023 bytes): it goes where on_error.then sends it,
   * without another try. The rest goes on. From within process_records, about a record of its batch; plugins that set
   * KCLHOST_PLUGIN_ACKNOWLEDGES may do it at any time, about any record that is not done. KCLHOST_ILLEGAL_ARGUMENT for
   * all others. [any thread] */
  kclhost_status (*reject)(void* context, uint64_t id, kclhost_string reason);
  /* An extension's table by its id, or NULL. None exist in 1.0. [any thread] */
  const void* (*get_extension)(void* context, kclhost_string id);
} kclhost_host;

/* ---- What a plugin offers ---------------------------------------------------------------------------------------- */

/* When a record is done. Without either flag: when a process_records that was given it returns KCLHOST_OK. A record
 * that is not done comes again if the instance dies.
 *
 * CHECKPOINTS: when the plugin has checkpointed it or a later one. The other two leave checkpoints to the host.
 * ACKNOWLEDGES: when the plugin has acknowledged it, in this call or later. */
#define KCLHOST_PLUGIN_CHECKPOINTS 1u
/* process_records is also called with empty batches, when the shard is idle. */
#define KCLHOST_PLUGIN_EMPTY_BATCHES 2u
#define KCLHOST_PLUGIN_ACKNOWLEDGES 4u

/* Static, immutable, the same at every call. Functions marked optional may be NULL. self is what create stored. Life of
 * an instance: create, initialize, process_records any number of times, then at most one of shard_ended and lease_lost
 * (shutdown_requested or flush may come before), destroy. */
typedef struct kclhost_plugin {
  uint32_t struct_size;
  uint32_t abi_major; /* KCLHOST_ABI_MAJOR */
  uint32_t abi_minor; /* KCLHOST_ABI_MINOR */
  uint32_t flags;     /* KCLHOST_PLUGIN_* */
  kclhost_string id;  /* reverse-DNS, for example com.example.greeter */
  kclhost_string version;
  kclhost_string description;   /* one line, may be empty */
  kclhost_string config_schema; /* JSON Schema of the config object; empty: none */

  /* Makes an instance for one shard. config_json is the configuration's plugin.config as JSON text, "{}" when absent.
   */
  kclhost_status (*create)(const kclhost_host* host, kclhost_string config_json, void** self, kclhost_error* error);
  /* Called once for each successful create, last. */
  void (*destroy)(void* self);
  /* Called once, first. */
  kclhost_status (*initialize)(void* self, const kclhost_initialization* initialization, kclhost_error* error);
  /* A failure brings the same records again, as the configured policy says. */
  kclhost_status (*process_records)(void* self, const kclhost_batch* batch, kclhost_checkpointer* checkpointer,
                                    kclhost_error* error);
  /* The shard was split or merged and has no more records. The host checkpoints after KCLHOST_OK if the plugin did not;
   * after a failure it never does, and the shards that follow wait. */
  kclhost_status (*shard_ended)(void* self, kclhost_checkpointer* checkpointer, kclhost_error* error);
  /* Optional. Another worker owns the shard now; no checkpoint is possible. */
  kclhost_status (*lease_lost)(void* self, kclhost_error* error);
  /* Optional. The worker is being shut down; the last chance to checkpoint. lease_lost follows. */
  kclhost_status (*shutdown_requested)(void* self, kclhost_checkpointer* checkpointer, kclhost_error* error);
  /* Optional. Finish, and checkpoint, what is held; finish_reason says why. An acknowledging plugin may return before
   * all is acknowledged; the host waits for that. (drain: its name in sources that are older than 1.0.) */
  union {
    kclhost_status (*flush)(void* self, kclhost_checkpointer* checkpointer, kclhost_error* error);
    kclhost_status (*drain)(void* self, kclhost_checkpointer* checkpointer, kclhost_error* error);
  };
  /* Optional. Called at the interval that set_tick_interval asked for, between other calls, whether records come or
   * not; late when another call takes longer. What is checkpointed here waits for the daemon's next message. A failure
   * is logged and has no other consequence. */
  kclhost_status (*tick)(void* self, kclhost_checkpointer* checkpointer, kclhost_error* error);
  /* Optional. An extension's table by its id, or NULL. */
  const void* (*get_extension)(kclhost_string id);
} kclhost_plugin;

/* ---- Extensions that a plugin may offer -------------------------------------------------------------------------- */

/* Looks at a configuration that fits the schema, for what a schema can't say: `kclhost check` calls it, in a process of
 * its own, without an instance. KCLHOST_OK, or an error for a person. It changes nothing. */
#define KCLHOST_EXTENSION_CHECK_CONFIG "kclhost.check_config/1"
typedef struct kclhost_check_config {
  uint32_t struct_size;
  uint32_t reserved;
  kclhost_status (*check)(kclhost_string config_json, kclhost_error* error);
} kclhost_check_config;

/* The plugin can run as a shadow: beside another one, on copies of the batches that that one processes. Who offers this
 * says that an instance made by it has no effect outside: it stores nothing, sends nothing, tells nobody but the log.
 * What becomes of its calls is counted; its checkpoints are answered as if they were recorded. */
#define KCLHOST_EXTENSION_SHADOW "kclhost.shadow/1"
typedef struct kclhost_shadow {
  uint32_t struct_size;
  uint32_t reserved;
  /* Makes an instance as kclhost_plugin.create does, which is a shadow; destroy and all else are the plugin's. */
  kclhost_status (*create)(const kclhost_host* host, kclhost_string config_json, void** self, kclhost_error* error);
} kclhost_shadow;

/* The one symbol a plugin exports. No side effects; may be called in a process that never creates an instance. */
KCLHOST_EXPORT const kclhost_plugin* kclhost_plugin_v1(void);

#define KCLHOST_ENTRY_SYMBOL "kclhost_plugin_v1"

#ifdef __cplusplus
}
#endif

#endif /* KCLHOST_PLUGIN_H */
