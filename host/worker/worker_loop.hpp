// What a worker does, in a process of its own or on a thread of the host's.
#pragma once

#include <memory>

#include "support/fd.hpp"
#include "worker/control.hpp"
#include "worker/host_link.hpp"

namespace kclhost::host::worker {

// What a worker needs of its host.
struct Supplies {
  WorkerId id{};
  HostLink::Where where = HostLink::Where::own_process;
  Channel channel;
  std::shared_ptr<ControlPage> control;
  Fd batch;  // none: for a worker that only loads
};

enum class Served { to_the_end, broken_off };

// Serves the host on this thread until the plugin is destroyed (to the end) or can't be loaded, or the host is gone. A
// process that the plugin forked and that comes back into it ends there. Throws std::system_error when memory is
// refused.
Served serve(Supplies supplies);

}  // namespace kclhost::host::worker
