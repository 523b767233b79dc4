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
/* IllegalArgumentException: the sequence number was never delivered, or is no number. */
#define KCLHOST_ILLEGAL_ARGUMENT 6
/* Any other exception; kclhost_error.name has its class name. */
#define KCLHOST_OTHER_EXCEPTION 7

/* Where a failing call says why. The caller owns it and sets struct_size; all else is zero. Text is NUL-terminated and
 * cut to fit. */
typedef struct kclhost_error {
  uint32_t struct_size;
  uint32_t reserved;
  /* From process_records alone: the index of the first record it did not finish. Those before it are done and will not
   * be delivered again; 0: none is done. */
  uint64_t first_unfinished;
  char name[128];     /* an exception's class name, "" if none applies */
  char message[1024]; /* for a person: what failed, and on what */
} kclhost_error;

/* ---- Records
 * -------------------------------------------------------------------------------------------------------*/

#define KCLHOST_NO_TIMESTAMP INT64_MIN

/* One Kinesis record, or one user record out of a KPL aggregate. */
typedef struct kclhost_record {
  uint32_t struct_size;
  uint32_t reserved;
  kclhost_string data; /* bytes, base64 already decoded */
  kclhost_string partition_key;
  kclhost_string sequence_number;           /* decimal digits */
  int64_t sub_sequence_number;              /* position inside a KPL aggregate, else 0 */
  int64_t approximate_arrival_timestamp_ms; /* milliseconds since the epoch, or KCLHOST_NO_TIMESTAMP */
} kclhost_record;

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
  uint32_t flags; /* KCLHOST_INITIALIZATION_* */
  kclhost_string shard_id;
  kclhost_string sequence_number; /* the last checkpoint: digits, or TRIM_HORIZON, LATEST, AT_TIMESTAMP */
  int64_t sub_sequence_number;
} kclhost_initialization;

/* The instance takes the shard over from an older one in the same lease (hot swap, or restart after a crash). */
#define KCLHOST_INITIALIZATION_HAND_OVER 1u

/* ---- What the host offers
 * ------------------------------------------------------------------------------------------*/

/* Opaque; valid until the call it was passed to returns. */
typedef struct kclhost_checkpointer kclhost_checkpointer;

#define KCLHOST_LOG_TRACE 0
#define KCLHOST_LOG_DEBUG 1
#define KCLHOST_LOG_INFO 2
#define KCLHOST_LOG_WARN 3
#define KCLHOST_LOG_ERROR 4

#define KCLHOST_METRIC_COUNTER 0   /* value is added */
#define KCLHOST_METRIC_GAUGE 1     /* value replaces */
#define KCLHOST_METRIC_HISTOGRAM 2 /* value is observed */

/* Given to create; valid, at the same address, until destroy returns. */
typedef struct kclhost_host {
  uint32_t struct_size;
  uint32_t abi_minor;
  void* context; /* the first argument of the functions below */
  kclhost_string version;
  kclhost_string plugin_path; /* the plugin's file as it is configured */

  /* One log line; level is KCLHOST_LOG_*. [any thread] */
  void (*log)(void* context, int32_t level, kclhost_string text);
  /* 1 when a line of this level would be written. [any thread] */
  int32_t (*log_enabled)(void* context, int32_t level);
  /* Records a metric; kind is KCLHOST_METRIC_*, name matches [a-z_][a-z0-9_]*. [any thread] */
  void (*metric)(void* context, int32_t kind, kclhost_string name, double value);
  /* 1 once the call in progress should return early: its deadline has passed, or the host is about to end. [any thread]
   */
  int32_t (*should_stop)(void* context);
  /* Records progress in the lease table, up to and including the record named. sequence_number NULL: everything
   * delivered so far, the batch in hand included. sub_sequence_number -1: all of that sequence number, as far as it was
   * delivered. Blocks until the KCL has answered. KCLHOST_INVALID_STATE for plugins that do not set
   * KCLHOST_PLUGIN_CHECKPOINTS, after the call that brought the checkpointer, and from other threads. error may be
   * NULL. */
  kclhost_status (*checkpoint)(kclhost_checkpointer* checkpointer, const kclhost_string* sequence_number,
                               int64_t sub_sequence_number, kclhost_error* error);
  /* An extension's table by its id, or NULL. None exist in 1.0. [any thread] */
  const void* (*get_extension)(void* context, kclhost_string id);
} kclhost_host;

/* ---- What a plugin offers
 * ------------------------------------------------------------------------------------------*/

/* The plugin checkpoints for itself, and may hold records across batches. Without this flag a process_records that
 * returns KCLHOST_OK says "done with these records", and the host checkpoints. */
#define KCLHOST_PLUGIN_CHECKPOINTS 1u
/* process_records is also called with empty batches, when the shard is idle. */
#define KCLHOST_PLUGIN_EMPTY_BATCHES 2u

/* Static, immutable, the same at every call. Functions marked optional may be NULL. self is what create stored. Life of
 * an instance: create, initialize, process_records any number of times, then at most one of shard_ended and lease_lost
 * (shutdown_requested or drain may come before), destroy. */
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
  /* Optional. A newer plugin takes the shard over: finish and checkpoint what is held. */
  kclhost_status (*drain)(void* self, kclhost_checkpointer* checkpointer, kclhost_error* error);
  /* Optional. An extension's table by its id, or NULL. */
  const void* (*get_extension)(kclhost_string id);
} kclhost_plugin;

/* The one symbol a plugin exports. No side effects; may be called in a process that never creates an instance. */
KCLHOST_EXPORT const kclhost_plugin* kclhost_plugin_v1(void);

#define KCLHOST_ENTRY_SYMBOL "kclhost_plugin_v1"

#ifdef __cplusplus
}
#endif

#endif /* KCLHOST_PLUGIN_H */
