// A fork of the host becomes a worker.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>

#include "plugin/call.hpp"
#include "worker/user.hpp"

namespace kclhost::host::worker {

// What of the host's a worker's process goes on with. The descriptors are the host's, all close-on-exec.
struct Inheritance {
  WorkerId id{};
  int channel = -1, control = -1;
  int batch = -1;          // -1: none
  int out = -1, err = -1;  // become standard output and standard error
  std::optional<std::uint64_t> max_memory{};
  bool core_dumps = false;
  bool orderly_exit = false;
  const User* user = nullptr;  // whom it becomes; null: it stays who the host is
  bool shadow = false;         // whatever becomes scarce, it is the first to go without
};

// Makes the worker of a process that was just forked off the host, with all signals blocked: lets go of all other
// descriptors, gives signals and limits back their ordinary meaning, serves the host until it asks for the end or goes
// away, and ends: by exit() where an orderly exit is asked for and the plugin was destroyed, else by _exit().
[[noreturn]] void run_worker_process(const Inheritance& given) noexcept;

}  // namespace kclhost::host::worker
