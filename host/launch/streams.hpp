// Looks after the launches of several streams, each a process of its own.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "hub/hub.hpp"
#include "launch/emf_log.hpp"
#include "launch/outputs.hpp"
#include "launch/service_manager.hpp"
#include "launch/web_server.hpp"
#include "support/result.hpp"

namespace kclhost::host::launch {

struct StreamsJob {
  // The command lines of the streams' launches, in the order of hub.streams(); the program first, with its path.
  std::vector<std::vector<std::string>> commands;
  // How long what a launch left behind that was killed may go on when all have ended.
  std::chrono::milliseconds linger{0};
  hub::Hub& hub;
  EmfLog* emf = nullptr;                      // null: nobody asked for it
  WebServer* web = nullptr;                   // the same
  ServiceManager* service_manager = nullptr;  // null: nobody wants to hear of it
};

// Starts all of them, and returns when SIGTERM or SIGINT has come and all have ended: whether all ended in order. One
// that ends before that is started again, after a pause that grows from a second to a minute each time it ends soon;
// the others do not notice. What they print goes to `outputs`. Signals are passed on, SIGINT as SIGTERM; a second one
// has each launch kill what it runs, and ends our own waits. If we die first, they get SIGTERM.
//
// Takes over this process's signals and children while it runs: call it from the only thread.
Result<bool> look_after_streams(const StreamsJob& job, Outputs& outputs);

}  // namespace kclhost::host::launch
