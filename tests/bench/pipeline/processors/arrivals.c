/* A record processor for the benchmark of the pipeline: notes each batch in the file that BENCH_ARRIVALS names, as one
 * line: CLOCK_MONOTONIC in nanoseconds, shard, records, bytes of data. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <fcntl.h>
#include <kclhost/plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

typedef struct notes {
  int file;
  char shard[128];
} notes;

static kclhost_status failed(const char* what, kclhost_error* error) {
  snprintf(error->message, sizeof error->message, "%s: %s", what, strerror(errno));
  return KCLHOST_FAILED;
}

static kclhost_status create(const kclhost_host* host, kclhost_string config_json, void** self, kclhost_error* error) {
  static notes made;  // an instance for each process
  const char* path = getenv("BENCH_ARRIVALS");
  (void)host, (void)config_json;
  made.file = open(path ? path : "", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (made.file < 0) return failed("BENCH_ARRIVALS", error);
  *self = &made;
  return KCLHOST_OK;
}

static void destroy(void* self) {
  const notes* own = self;
  close(own->file);
}

static kclhost_status initialize(void* self, const kclhost_initialization* initialization, kclhost_error* error) {
  notes* own = self;
  (void)error;
  snprintf(own->shard, sizeof own->shard, "%.*s", (int)initialization->shard_id.size, initialization->shard_id.data);
  return KCLHOST_OK;
}

static kclhost_status process_records(void* self, const kclhost_batch* batch, kclhost_checkpointer* checkpointer,
                                      kclhost_error* error) {
  const notes* own = self;
  struct timespec now;
  size_t bytes = 0;
  char line[256];
  (void)checkpointer;
  clock_gettime(CLOCK_MONOTONIC, &now);
  for (size_t i = 0; i < batch->record_count; ++i) bytes += kclhost_batch_at(batch, i)->data.size;
  const int size = snprintf(line, sizeof line, "%lld%09ld %s %zu %zu\n", (long long)now.tv_sec, now.tv_nsec, own->shard,
                            batch->record_count, bytes);
  return write(own->file, line, (size_t)size) == size ? KCLHOST_OK : failed("BENCH_ARRIVALS", error);
}

static kclhost_status shard_ended(void* self, kclhost_checkpointer* checkpointer, kclhost_error* error) {
  (void)self, (void)checkpointer, (void)error;
  return KCLHOST_OK;
}

static const kclhost_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_major = KCLHOST_ABI_MAJOR,
    .abi_minor = KCLHOST_ABI_MINOR,
    .id = KCLHOST_STRING("kclhost.bench_arrivals"),
    .version = KCLHOST_STRING("1.0.0"),
    .description = KCLHOST_STRING("Notes when batches arrive"),
    .create = create,
    .destroy = destroy,
    .initialize = initialize,
    .process_records = process_records,
    .shard_ended = shard_ended,
};

const kclhost_plugin* kclhost_plugin_v1(void) {
  return &plugin;
}
