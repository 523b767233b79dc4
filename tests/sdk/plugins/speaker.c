/* Speaks with the helpers of kclhost/record_processor.h. What a record's data asks for:
 *   fail TEXT    the call fails, for TEXT
 *   log TEXT     TEXT in a line of the log, between brackets
 *   trace TEXT   the same at level trace, and another line when that was formatted */
#include <kclhost/record_processor.h>

static kclhost_string behind(kclhost_string text, size_t size) {
  text.data += size;
  text.size -= size;
  return text;
}

static int begins(kclhost_string text, const char* with) {
  return text.size >= strlen(with) && memcmp(text.data, with, strlen(with)) == 0;
}

static void trace(const kclhost_host* host, kclhost_string text) {
  int formatted = 0;
  kclhost_log(host, KCLHOST_LOG_TRACE, "[%.*s]%n", KCLHOST_ARG(text), &formatted);
  if (formatted != 0) kclhost_log(host, KCLHOST_LOG_INFO, "it was formatted");
}

static kclhost_status process_records(void* self, const kclhost_batch* batch, kclhost_checkpointer* checkpointer,
                                      kclhost_error* error) {
  (void)checkpointer;
  for (size_t i = 0; i < batch->record_count; ++i) {
    const kclhost_string order = kclhost_batch_at(batch, i)->data;
    if (order.data == NULL) kclhost_log(self, KCLHOST_LOG_INFO, "nothing [%.*s]", KCLHOST_ARG(order));
    if (begins(order, "log ")) kclhost_log(self, KCLHOST_LOG_INFO, "[%.*s]", KCLHOST_ARG(behind(order, 4)));
    if (begins(order, "trace ")) trace(self, behind(order, 6));
    if (begins(order, "fail ")) return kclhost_fail(error, "record %zu: %.*s", i, KCLHOST_ARG(behind(order, 5)));
  }
  return KCLHOST_OK;
}

KCLHOST_PLUGIN("test.speaker", "1.2.3", .process_records = process_records)
