/* A small plugin in C: counts the shard's records and bytes, and says so at the shard's end. */
#include <kclhost/record_processor.h>
#include <stdlib.h>

typedef struct counter {
  const kclhost_host* host;
  unsigned long long records;
  unsigned long long bytes;
} counter;

static kclhost_status create(const kclhost_host* host, kclhost_string config_json, void** self, kclhost_error* error) {
  counter* made = calloc(1, sizeof *made);
  (void)config_json;
  if (made == NULL) return kclhost_fail(error, "out of memory");
  made->host = host;
  *self = made;
  return KCLHOST_OK;
}

static void destroy(void* self) {
  free(self);
}

static kclhost_status process_records(void* self, const kclhost_batch* batch, kclhost_checkpointer* checkpointer,
                                      kclhost_error* error) {
  counter* shard = self;
  (void)checkpointer, (void)error;
  for (size_t i = 0; i < batch->record_count; ++i) shard->bytes += kclhost_batch_at(batch, i)->data.size;
  shard->records += batch->record_count;
  return KCLHOST_OK;
}

static void report(const counter* shard) {
  kclhost_log(shard->host, KCLHOST_LOG_INFO, "records=%llu bytes=%llu", shard->records, shard->bytes);
}

static kclhost_status shard_ended(void* self, kclhost_checkpointer* checkpointer, kclhost_error* error) {
  (void)checkpointer, (void)error;
  report(self);
  return KCLHOST_OK;
}

static kclhost_status lease_lost(void* self, kclhost_error* error) {
  (void)error;
  report(self);
  return KCLHOST_OK;
}

KCLHOST_PLUGIN("kclhost.minimal_c", "1.0.0", .description = KCLHOST_STRING("Counts records and bytes"),
               .create = create, .destroy = destroy, .process_records = process_records, .shard_ended = shard_ended,
               .lease_lost = lease_lost)
