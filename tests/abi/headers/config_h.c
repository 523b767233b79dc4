#include <kclhost/config.h>

/* Alone, and twice. */
#include <kclhost/config.h>

int port(kclhost_string config_json, int64_t* to);
int port(kclhost_string config_json, int64_t* to) {
  return kclhost_config_integer(kclhost_config_member(config_json, "port"), to);
}
