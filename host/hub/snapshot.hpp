// What a hub knows, as somebody else gets it.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "hub/hub.hpp"
#include "hub/series.hpp"
#include "hub/shard_state.hpp"
#include "support/result.hpp"

namespace kclhost::host::hub {

// Times are milliseconds since the epoch.
struct Snapshot {
  struct Host {
    std::int64_t pid = 0;
    std::int64_t since_ms = 0, heard_ms = 0;  // it is connected, it last said something
    std::int64_t asked_ms = 0;                // it was asked how it is, and has not answered yet; 0: it has
    ShardState state{};
    std::vector<std::string> series{};  // for parse_series, as they came: taken apart they are many times as large
  };
  // What was counted for a shard by hosts that have ended.
  struct Left {
    std::string stream, shard;
    std::vector<std::string> series;
  };

  LaunchState launch{};
  std::vector<LaunchState> streams{};  // of a launch that looks after those of several streams; else empty
  std::vector<Host> hosts{};
  std::vector<Left> left{};
  std::int64_t taken_ms = 0;

  // The launches that have a daemon: the streams' where there are several, else the one.
  std::vector<LaunchState> daemons() const;
  // What there is of one of the streams alone, as its own launch would tell it.
  Snapshot part(const LaunchState& stream) const;
};

// What our own hub knows.
Snapshot look_at(Hub& hub, Hub::What what = Hub::What::all);

// Asks the hub at that socket, and waits for each piece of the answer that long. The error is one line.
Result<Snapshot> ask_hub(const std::filesystem::path& socket, std::chrono::milliseconds patience);

}  // namespace kclhost::host::hub
