/* Looks at its configuration by the extension check_config. A "port" must be even; "crash" and "hang" do that. */
#include <kclhost/record_processor.h>
#include <signal.h>
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
  return kclhost_fail(error, "the port 7 is odd:\nuse 8");
}

static kclhost_status create(const kclhost_host* host, kclhost_string config_json, void** self, kclhost_error* error) {
  (void)host, (void)config_json, (void)self;
  return kclhost_fail(error, "create was called");
}

static kclhost_status process_records(void* self, const kclhost_batch* batch, kclhost_checkpointer* checkpointer,
                                      kclhost_error* error) {
  (void)self, (void)batch, (void)checkpointer, (void)error;
  return KCLHOST_OK;
}

static const kclhost_check_config checks = {.struct_size = sizeof checks, .check = check};

static const void* get_extension(kclhost_string id) {
  const kclhost_string offered = KCLHOST_STRING(KCLHOST_EXTENSION_CHECK_CONFIG);
  return id.size == offered.size && memcmp(id.data, offered.data, id.size) == 0 ? &checks : NULL;
}

#define SCHEMA "{\"properties\": {\"port\": {\"type\": \"integer\"}}}"

KCLHOST_PLUGIN("test.checker", "1.0.0", .config_schema = KCLHOST_STRING(SCHEMA), .create = create,
               .process_records = process_records, .get_extension = get_extension)
