/* Describes itself at length: a configuration schema of 200 kB. */
#include <kclhost/plugin.h>
#include <string.h>

static char schema[200000];

static kclhost_status create(const kclhost_host* host, kclhost_string config_json, void** self, kclhost_error* error) {
  (void)host, (void)config_json, (void)error;
  *self = schema;
  return KCLHOST_OK;
}

static void destroy(void* self) {
  (void)self;
}

static kclhost_status initialize(void* self, const kclhost_initialization* initialization, kclhost_error* error) {
  (void)self, (void)initialization, (void)error;
  return KCLHOST_OK;
}

static kclhost_status process_records(void* self, const kclhost_batch* batch, kclhost_checkpointer* checkpointer,
                                      kclhost_error* error) {
  (void)self, (void)batch, (void)checkpointer, (void)error;
  return KCLHOST_OK;
}

static kclhost_status shard_ended(void* self, kclhost_checkpointer* checkpointer, kclhost_error* error) {
  (void)self, (void)checkpointer, (void)error;
  return KCLHOST_OK;
}

static const kclhost_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_major = KCLHOST_ABI_MAJOR,
    .abi_minor = KCLHOST_ABI_MINOR,
    .id = KCLHOST_STRING("test.bulky"),
    .version = KCLHOST_STRING("1.0.0"),
    .config_schema = {schema, sizeof schema},
    .create = create,
    .destroy = destroy,
    .initialize = initialize,
    .process_records = process_records,
    .shard_ended = shard_ended,
};

const kclhost_plugin* kclhost_plugin_v1(void) {
  memset(schema, ' ', sizeof schema);
  schema[0] = '{';
  schema[sizeof schema - 1] = '}';
  return &plugin;
}
