// Runs one daemon to its end, as a service manager or PID 1 would have it run.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "hub/hub.hpp"
#include "launch/emf_log.hpp"
#include "launch/log_sink.hpp"
#include "launch/outputs.hpp"
#include "launch/service_manager.hpp"
#include "launch/web_server.hpp"
#include "support/result.hpp"

namespace kclhost::host::launch {

struct Job {
  std::vector<std::string> arguments;              // the program first, looked up on the PATH
  std::map<std::string, std::string> environment;  // on top of ours
  int keep_open = -1;                              // a descriptor that the daemon gets too
  // How long host processes may go on after the daemon has ended, to finish what they have in hand.
  std::chrono::milliseconds linger{0};
  std::chrono::milliseconds lease_interval{0};  // the daemon's leaseAssignmentIntervalMillis
  std::function<void()> on_hangup;              // what SIGHUP means; may be empty
  hub::LaunchState* state = nullptr;            // kept true meanwhile
  std::function<void()> on_state;               // called when that has changed; may be empty
  hub::Hub* hub = nullptr;                      // served meanwhile
  EmfLog* emf = nullptr;                        // the same; null: nobody asked for it
  WebServer* web = nullptr;                     // runs as long as the daemon does; null: nobody asked for it
  ServiceManager* service_manager = nullptr;    // hears of it; null: nobody wants to. With a hub alone
};

struct Outcome {
  int wait_status = 0;          // of the daemon, as waitpid gives it
  bool stop_requested = false;  // by a signal to us
  bool forced = false;          // by a second one
  bool left_out = false;        // the daemon left out records, so it was killed
  bool gave_up = false;         // the daemon could not begin, by its own word
};

// Starts the daemon in a process group of its own and returns when it and what it left behind have ended. Meanwhile
// what it prints goes to `outputs` in the form of our own log, and so do the lines that reach `log`: whether anybody
// reads them or not, signals are served. SIGTERM and SIGINT to this process become SIGTERM for the daemon; one more, a
// second or later after the first, kills the group. SIGQUIT is passed on (the JVM prints its threads). SIGHUP is no
// reason to stop. Reaps whatever is orphaned below us. If we die first, the daemon gets SIGTERM.
//
// When the KCL logs that it waits because the application is new, we say for what.
//
// When the KCL logs that it leaves out records it has read, the daemon is killed at once: any orderly end would
// checkpoint beyond them.
//
// Takes over this process's signals and children while it runs: call it from the only thread. Fails when the program
// can't be started.
Result<Outcome> supervise(const Job& job, LogSink& log, Outputs& outputs);

}  // namespace kclhost::host::launch
