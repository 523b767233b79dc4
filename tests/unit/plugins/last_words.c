/* Says why, and ends the process while it is loaded. */
#include <kclhost/plugin.h>
#include <stdio.h>
#include <stdlib.h>

__attribute__((constructor)) static void give_up(void) {
  for (int i = 1; i < 8; ++i) printf("line %d\n", i);
  printf("VENDOR_LICENCE is not set\n");
  exit(7);
}

const kclhost_plugin* kclhost_plugin_v1(void) {
  return NULL;
}
