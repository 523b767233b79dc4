// The worker's side.
#pragma once

namespace kclhost::host::processor {

// What of the host's a worker goes on with.
struct WorkerDescriptors {
  int channel, control;
  int batch;     // -1: none
  int out, err;  // become standard output and standard error
};

// Makes the worker of a process that was forked off the host: lets go of all descriptors but these, serves the host
// until it asks for the end or goes away, and ends.
[[noreturn]] void worker_main(const WorkerDescriptors& given) noexcept;

}  // namespace kclhost::host::processor
