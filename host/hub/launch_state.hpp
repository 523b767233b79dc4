// What a launch says of itself and its daemon.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "support/result.hpp"

namespace kclhost::host::hub {

// Times are milliseconds since the epoch.
struct LaunchState {
  std::string version;              // kclhost's
  std::string name;                 // of the stream in the configuration; empty: that has no `streams`
  std::string application, stream;  // empty for a launch that looks after the launches of several streams
  std::string worker;               // what the daemon is called in the lease table; empty: not known
  std::string metrics;              // where metrics are served, HOST:PORT; empty: nowhere
  std::int64_t pid = 0, started_ms = 0;
  std::int64_t daemon_pid = 0;  // 0: it has ended, or has not been started
  bool stopping = false;        // somebody has asked it to end
  std::int64_t restarts = 0;    // how often the stream's launch was started again

  // What stands in the label `stream` of its shards.
  const std::string& label() const { return name.empty() ? stream : name; }
  std::string json() const;
};

// What is missing stays as it is by default, what is not known is passed over.
Result<LaunchState> parse_launch_state(std::string_view json);

}  // namespace kclhost::host::hub
