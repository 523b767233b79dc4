/* Accepts every record and looks at none: what a shard costs without a processor, for benchmarks. */
#include <kclhost/record_processor.h>

static kclhost_status process_records(void* self, const kclhost_batch* batch, kclhost_checkpointer* checkpointer,
                                      kclhost_error* error) {
  (void)self, (void)batch, (void)checkpointer, (void)error;
  return KCLHOST_OK;
}

KCLHOST_PLUGIN("kclhost.noop", "1.0.0", .description = KCLHOST_STRING("Accepts every record and looks at none"),
               .process_records = process_records)
