/* Describes itself at length: a configuration schema of 200 kB. */
#include <kclhost/record_processor.h>
#include <string.h>

static char schema[200000];

static kclhost_status process_records(void* self, const kclhost_batch* batch, kclhost_checkpointer* checkpointer,
                                      kclhost_error* error) {
  (void)self, (void)batch, (void)checkpointer, (void)error;
  return KCLHOST_OK;
}

__attribute__((constructor)) static void write_schema(void) {
  memset(schema, ' ', sizeof schema);
  schema[0] = '{';
  schema[sizeof schema - 1] = '}';
}

KCLHOST_PLUGIN("test.bulky", "1.0.0", .config_schema = {schema, sizeof schema}, .process_records = process_records)
