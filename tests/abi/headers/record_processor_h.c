#include <kclhost/record_processor.h>

/* Alone, and twice. */
#include <kclhost/record_processor.h>

static kclhost_status create(const kclhost_host* host, kclhost_string config_json, void** self, kclhost_error* error) {
  if (config_json.size == 0) return kclhost_fail(error, "no configuration on %.*s", KCLHOST_ARG(host->shard_id));
  return kclhost_create_nothing(host, config_json, self, error);
}

static kclhost_status process_records(void* self, const kclhost_batch* batch, kclhost_checkpointer* checkpointer,
                                      kclhost_error* error) {
  (void)checkpointer, (void)error;
  kclhost_log(self, KCLHOST_LOG_INFO, "%zu records", batch->record_count);
  return KCLHOST_OK;
}

/* It names what has a default, too. */
KCLHOST_PLUGIN("com.example.counter", "1.0.0", .description = KCLHOST_STRING("counts"), .create = create,
               .destroy = kclhost_destroy_nothing, .process_records = process_records)
