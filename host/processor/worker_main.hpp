// The worker's side.
#pragma once

namespace kclhost::processor {

// Descriptors that a worker finds open, far from those a plugin may think are its own.
constexpr int worker_channel_fd = 200;
constexpr int worker_control_fd = 201;
constexpr int worker_batch_fd = 202;

// Serves the host until it asks for the end or goes away; returns the exit status.
int worker_main();

}  // namespace kclhost::processor
