#include <kclhost/plugin.h>

/* Alone, and twice. */
#include <kclhost/plugin.h>

size_t stride(const kclhost_batch* batch);
size_t stride(const kclhost_batch* batch) {
  return (size_t)((const char*)kclhost_batch_at(batch, 1) - (const char*)batch->records);
}
