// What a crashing worker leaves behind.
#pragma once

#include "worker/control.hpp"

namespace kclhost::host::worker {

// Whether a fatal signal may leave a core file, where the system would make one.
enum class CoreDumps { no, yes };

// In a worker's process: from now on a fatal signal writes the stack into `record` before it kills the process.
// `record` must outlive the process's threads. Once per process.
void record_crashes(CrashRecord& record, CoreDumps core_dumps);

// In the record's frames: the program's own file.
inline constexpr char program_module[] = "kclhost";

}  // namespace kclhost::host::worker
