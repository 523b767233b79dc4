// The process that serves metrics, health and the page. A program of its own: what talks with the network is not in the
// process that everything depends on, and the hosts load nothing of it.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>

#include "config/config.hpp"
#include "launch/child_process.hpp"
#include "launch/listen.hpp"
#include "launch/outputs.hpp"
#include "support/event_loop.hpp"
#include "support/result.hpp"

namespace kclhost::host::launch {

// Started again, with growing pauses, when it ends by itself. Its port stays open meanwhile. One thread.
class WebServer {
 public:
  // Listens, and finds the program beside `kclhost`. The error is one line.
  static Result<WebServer> open(const config::Metrics& config, const std::filesystem::path& kclhost);

  const std::string& address() const { return port_.address; }
  // Starts it. `hub`: the socket that it asks.
  void start(const std::filesystem::path& hub, Outputs& outputs);
  // A child of this process has ended: whether it was this one.
  bool ended(pid_t pid, int wait_status);
  // When on_time must be called next.
  Clock::time_point deadline() const { return start_at_; }
  void on_time(Clock::time_point now);
  void stop();

 private:
  WebServer() = default;
  void start();

  ListeningPort port_;
  std::string program_, hub_, stalled_after_;
  Outputs* outputs_ = nullptr;
  pid_t pid_ = -1;
  RestartPauses pauses_;
  Clock::time_point started_at_{};
  Clock::time_point start_at_ = Clock::time_point::max();
};

}  // namespace kclhost::host::launch
