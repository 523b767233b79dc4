/* A record processor for the benchmark of the pipeline: notes each batch in the file that BENCH_ARRIVALS names, as one
 * line: CLOCK_MONOTONIC in nanoseconds, shard, records, bytes of data. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <fcntl.h>
#include <kclhost/record_processor.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

typedef struct notes {
  int file;
  char shard[128];
} notes;

static kclhost_status failed(kclhost_error* error) {
  return kclhost_fail(error, "BENCH_ARRIVALS: %s", strerror(errno));
}

static kclhost_status create(const kclhost_host* host, kclhost_string config_json, void** self, kclhost_error* error) {
  static notes made;  // an instance for each process
  const char* path = getenv("BENCH_ARRIVALS");
  (void)host, (void)config_json;
  made.file = open(path ? path : "", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (made.file < 0) return failed(error);
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
  snprintf(own->shard, sizeof own->shard, "%.*s", KCLHOST_ARG(initialization->shard_id));
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
  return write(own->file, line, (size_t)size) == size ? KCLHOST_OK : failed(error);
}

KCLHOST_PLUGIN("kclhost.bench_arrivals", "1.0.0", .description = KCLHOST_STRING("Notes when batches arrive"),
               .create = create, .destroy = destroy, .initialize = initialize, .process_records = process_records)
