/* Reads its configuration with kclhost/record_processor.h, and logs what it has read. */
#include <kclhost/record_processor.h>

static kclhost_status create(const kclhost_host* host, kclhost_string config_json, void** self, kclhost_error* error) {
  int64_t port = 8080;
  double rate = 0.5;
  int verbose = 0;
  char name[8] = "nobody";
  if (kclhost_require(config_json, "host.port", error) != KCLHOST_OK ||
      kclhost_read_integer(config_json, "host.port", &port, error) != KCLHOST_OK ||
      kclhost_read_text(config_json, "host.name", name, sizeof name, error) != KCLHOST_OK ||
      kclhost_read_number(config_json, "limits.of.rate", &rate, error) != KCLHOST_OK ||
      kclhost_read_boolean(config_json, "verbose", &verbose, error) != KCLHOST_OK) {
    return KCLHOST_FAILED;
  }
  kclhost_log(host, KCLHOST_LOG_INFO, "%s:%d %.2f %d", name, (int)port, rate, verbose);
  return kclhost_create_nothing(host, config_json, self, error);
}

static kclhost_status process_records(void* self, const kclhost_batch* batch, kclhost_checkpointer* checkpointer,
                                      kclhost_error* error) {
  (void)self, (void)batch, (void)checkpointer, (void)error;
  return KCLHOST_OK;
}

KCLHOST_PLUGIN("test.reader", "1.0.0", .create = create, .destroy = kclhost_destroy_nothing,
               .process_records = process_records)
