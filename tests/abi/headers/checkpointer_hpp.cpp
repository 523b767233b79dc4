#include <kclhost/checkpointer.hpp>

// Alone, and twice.
#include <kclhost/checkpointer.hpp>

bool checkpoint(kclhost::Checkpointer& checkpointer);
bool checkpoint(kclhost::Checkpointer& checkpointer) {
  return checkpointer.checkpoint_all().ok();
}
