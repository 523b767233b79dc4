/* A plugin to be built with one version of the header and run by hosts of others. Logs each record's data and counts
 * them; rejects a record "bad"; fails at a record "fail", which is to blame; checkpoints at the shard's end. */
#include <kclhost/plugin.h>
#include <stdio.h>
#include <string.h>

static const kclhost_host* the_host; /* one instance at a time */
static kclhost_metric* records;

static void say(kclhost_string text) {
  the_host->log(the_host->context, KCLHOST_LOG_INFO, text);
}

static kclhost_status create(const kclhost_host* host, kclhost_string config_json, void** self, kclhost_error* error) {
  const kclhost_metric_spec spec = {.struct_size = sizeof spec, .name = KCLHOST_STRING("records")};
  (void)config_json;
  the_host = host;
  *self = &the_host;
  return host->register_metric(host->context, &spec, &records, error);
}

static void destroy(void* self) {
  (void)self;
}

static kclhost_status initialize(void* self, const kclhost_initialization* initialization, kclhost_error* error) {
  (void)self, (void)error;
  say(initialization->shard_id);
  return KCLHOST_OK;
}

static kclhost_status process_records(void* self, const kclhost_batch* batch, kclhost_checkpointer* checkpointer,
                                      kclhost_error* error) {
  (void)self, (void)checkpointer;
  for (size_t i = 0; i < batch->record_count; ++i) {
    const kclhost_record* record = kclhost_batch_at(batch, i);
    if (record->data.size == 4 && memcmp(record->data.data, "fail", 4) == 0) {
      error->flags = KCLHOST_FAILURE_CULPRIT;
      error->culprit = i;
      error->first_unfinished = i;
      snprintf(error->message, sizeof error->message, "failed at %zu", i);
      return KCLHOST_FAILED;
    }
    if (record->data.size == 3 && memcmp(record->data.data, "bad", 3) == 0) {
      the_host->reject(the_host->context, record->id, (kclhost_string)KCLHOST_STRING("as it says"));
    }
    the_host->record_metric(records, 1);
    say(record->data);
  }
  return KCLHOST_OK;
}

static kclhost_status shard_ended(void* self, kclhost_checkpointer* checkpointer, kclhost_error* error) {
  (void)self;
  return the_host->checkpoint_all(checkpointer, error);
}

#if KCLHOST_ABI_MINOR > 0
static kclhost_status added(void* self) {
  (void)self;
  return 77;
}
#endif

static const kclhost_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_major = KCLHOST_ABI_MAJOR,
    .abi_minor = KCLHOST_ABI_MINOR,
    .flags = KCLHOST_PLUGIN_CHECKPOINTS,
    .id = KCLHOST_STRING("test.traveller"),
    .version = KCLHOST_STRING("1.0.0"),
    .create = create,
    .destroy = destroy,
    .initialize = initialize,
    .process_records = process_records,
    .shard_ended = shard_ended,
#if KCLHOST_ABI_MINOR > 0
    .added = added,
#endif
};

const kclhost_plugin* kclhost_plugin_v1(void) {
  return &plugin;
}
