/* A plugin whose table, or the way to it, is wrong; a ZOO_* macro says how. */
#include <kclhost/plugin.h>

extern int nowhere_defined(void);

static kclhost_status create(const kclhost_host* host, kclhost_string config_json, void** self, kclhost_error* error) {
  (void)config_json, (void)error;
  *self = (void*)host->context;
#ifdef ZOO_UNDEFINED_SYMBOL
  return nowhere_defined();
#else
  return KCLHOST_OK;
#endif
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

#ifndef ZOO_MISSING_FUNCTION
static kclhost_status shard_ended(void* self, kclhost_checkpointer* checkpointer, kclhost_error* error) {
  (void)self, (void)checkpointer, (void)error;
  return KCLHOST_OK;
}
#endif

static const kclhost_plugin plugin = {
#ifdef ZOO_SHORT_TABLE
    .struct_size = 64,
#else
    .struct_size = sizeof plugin,
#endif
#ifdef ZOO_WRONG_MAJOR
    .abi_major = 2,
#else
    .abi_major = KCLHOST_ABI_MAJOR,
#endif
    .abi_minor = KCLHOST_ABI_MINOR,
#ifdef ZOO_UNKNOWN_FLAG
    .flags = 1u << 30,
#endif
#ifndef ZOO_NO_ID
    .id = KCLHOST_STRING("zoo.bad_table"),
#endif
    .version = KCLHOST_STRING("6.6.6"),
    .create = create,
    .destroy = destroy,
    .initialize = initialize,
    .process_records = process_records,
#ifndef ZOO_MISSING_FUNCTION
    .shard_ended = shard_ended,
#endif
};

#if defined(ZOO_NO_ENTRY)
#define ENTRY some_library_function
#elif defined(ZOO_ONLY_V2)
#define ENTRY kclhost_plugin_v2
#else
#define ENTRY kclhost_plugin_v1
#endif

KCLHOST_EXPORT const kclhost_plugin* ENTRY(void);

const kclhost_plugin* ENTRY(void) {
#ifdef ZOO_NULL_TABLE
  return plugin.struct_size == 0 ? &plugin : NULL;
#else
  return &plugin;
#endif
}
