#include <kclhost/plugin.h>

// Alone, and twice.
#include <kclhost/plugin.h>

const kclhost_record* first(const kclhost_batch& batch);
const kclhost_record* first(const kclhost_batch& batch) {
  return kclhost_batch_at(&batch, 0);
}
