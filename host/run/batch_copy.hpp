// A batch in memory of its own.
#pragma once

#include <optional>

#include "batch/batch.hpp"
#include "batch/memory.hpp"

namespace kclhost::host::run {

// Lays a copy out at the front of `memory`, over whatever is there. Nothing when there is no memory for it.
std::optional<Batch> copy_batch(const Batch& batch, BatchMemory& memory);

}  // namespace kclhost::host::run
