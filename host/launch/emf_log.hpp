// Writes the main metrics into launch's log, for CloudWatch.
#pragma once

#include <map>
#include <string>

#include "config/config.hpp"
#include "hub/emf.hpp"
#include "hub/hub.hpp"
#include "launch/outputs.hpp"
#include "support/event_loop.hpp"
#include "support/fd.hpp"

namespace kclhost::host::launch {

// Every metrics.emf_interval, from attach to detach. Not thread-safe.
class EmfLog {
 public:
  // Both references must outlive it.
  EmfLog(const config::Metrics& config, hub::Hub& hub, Outputs& outputs);
  EmfLog(const EmfLog&) = delete;
  EmfLog& operator=(const EmfLog&) = delete;

  // The loop must live until detach.
  void attach(EventLoop& loop);
  void detach();
  // Writes what has come together since the last lines.
  void write();

 private:
  config::Metrics config_;
  hub::Hub& hub_;
  Outputs& outputs_;
  EventLoop* loop_ = nullptr;
  Fd timer_;
  std::map<std::string, hub::EmfLines> lines_;  // by stream
};

}  // namespace kclhost::host::launch
