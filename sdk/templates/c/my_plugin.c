/* Logs each record. What else a plugin can do: docs/c.md of kclhost. */
#include <kclhost/record_processor.h>

static kclhost_status process_records(void* self, const kclhost_batch* batch, kclhost_checkpointer* checkpointer,
                                      kclhost_error* error) {
  (void)checkpointer, (void)error;
  for (size_t i = 0; i < batch->record_count; ++i) {
    const kclhost_record* record = kclhost_batch_at(batch, i);
    kclhost_log(self, KCLHOST_LOG_INFO, "%.*s: %.*s", KCLHOST_ARG(record->partition_key), KCLHOST_ARG(record->data));
  }
  return KCLHOST_OK;
}

KCLHOST_PLUGIN("com.example.my_plugin", KCLHOST_PLUGIN_VERSION, .process_records = process_records)
