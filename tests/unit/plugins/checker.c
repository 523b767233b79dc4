/* Looks at its configuration by the extension check_config. A "port" must be even; "crash" and "hang" do that. */
#include <kclhost/plugin.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int has(kclhost_string text, const char* what) {
  const size_t size = strlen(what);
  for (size_t i = 0; i + size <= text.size; ++i) {
    if (memcmp(text.data + i, what, size) == 0) return 1;
  }
  return 0;
}

static kclhost_status check(kclhost_string config_json, kclhost_error* error) {
  if (has(config_json, "crash")) raise(SIGKILL);
  while (has(config_json, "hang")) pause();
  if (!has(config_json, "\"port\":7")) return KCLHOST_OK;
  snprintf(error->message, sizeof error->message, "the port 7 is odd:\nuse 8");
  return KCLHOST_FAILED;
}

static kclhost_status create(const kclhost_host* host, kclhost_string config_json, void** self, kclhost_error* error) {
  (void)host, (void)config_json, (void)self;
  snprintf(error->message, sizeof error->message, "create was called");
  return KCLHOST_FAILED;
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

static const kclhost_check_config checks = {.struct_size = sizeof checks, .check = check};

static const void* get_extension(kclhost_string id) {
  const kclhost_string offered = KCLHOST_STRING(KCLHOST_EXTENSION_CHECK_CONFIG);
  return id.size == offered.size && memcmp(id.data, offered.data, id.size) == 0 ? &checks : NULL;
}

static const kclhost_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_major = KCLHOST_ABI_MAJOR,
    .abi_minor = KCLHOST_ABI_MINOR,
    .id = KCLHOST_STRING("test.checker"),
    .version = KCLHOST_STRING("1.0.0"),
    .config_schema = KCLHOST_STRING("{\"properties\": {\"port\": {\"type\": \"integer\"}}}"),
    .create = create,
    .destroy = destroy,
    .initialize = initialize,
    .process_records = process_records,
    .shard_ended = shard_ended,
    .get_extension = get_extension,
};

const kclhost_plugin* kclhost_plugin_v1(void) {
  return &plugin;
}
