/* The smallest useful plugin in C: counts the shard's records and bytes, and says so at the shard's end. */
#include <kclhost/plugin.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct counter {
  const kclhost_host* host;
  unsigned long long records;
  unsigned long long bytes;
} counter;

static kclhost_status create(const kclhost_host* host, kclhost_string config_json, void** self, kclhost_error* error) {
  counter* made = calloc(1, sizeof *made);
  (void)config_json;
  if (made == NULL) {
    snprintf(error->message, sizeof error->message, "out of memory");
    return KCLHOST_FAILED;
  }
  made->host = host;
  *self = made;
  return KCLHOST_OK;
}

static void destroy(void* self) {
  free(self);
}

static kclhost_status initialize(void* self, const kclhost_initialization* initialization, kclhost_error* error) {
  (void)self, (void)initialization, (void)error;
  return KCLHOST_OK;
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
  char text[96];
  const int size = snprintf(text, sizeof text, "records=%llu bytes=%llu", shard->records, shard->bytes);
  const kclhost_string line = {text, (size_t)size};
  shard->host->log(shard->host->context, KCLHOST_LOG_INFO, line);
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

static const kclhost_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_major = KCLHOST_ABI_MAJOR,
    .abi_minor = KCLHOST_ABI_MINOR,
    .id = KCLHOST_STRING("kclhost.minimal_c"),
    .version = KCLHOST_STRING("1.0.0"),
    .description = KCLHOST_STRING("Counts records and bytes"),
    .create = create,
    .destroy = destroy,
    .initialize = initialize,
    .process_records = process_records,
    .shard_ended = shard_ended,
    .lease_lost = lease_lost,
};

const kclhost_plugin* kclhost_plugin_v1(void) {
  return &plugin;
}
