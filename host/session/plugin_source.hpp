// Where instances of the configured plugin come from.
#pragma once

#include <memory>
#include <string>

#include "config/config.hpp"
#include "observe/log.hpp"
#include "plugin/file.hpp"
#include "processor/processor.hpp"
#include "support/event_loop.hpp"
#include "support/shared_buffer.hpp"

namespace kclhost::host::session {

// Checks and stages the plugin's file once, then starts as many instances of it as it takes.
class PluginSource {
 public:
  // All references must outlive this. Throws Stop (exit code 3) when the file is not fit to be loaded.
  PluginSource(const config::Config& config, EventLoop& loop, SharedBuffer& batch, processor::Services& services);

  // Begins a new instance, loading in its own process or here. Not yet created; see loaded().
  std::unique_ptr<processor::Processor> start();
  // Takes up the plugin's file anew when it is not the one that was staged; instances started from then on are of the
  // new one. False when nothing changed, or when the new file is unfit, which is logged once.
  bool refresh(observe::Log& log);
  // Waits until it is loaded. Throws Stop (exit code 3) when it can't be.
  void finish(processor::Processor& processor);

 private:
  const config::Config& config_;
  EventLoop& loop_;
  SharedBuffer& batch_;
  processor::Services& services_;
  std::string path_;    // the plugin's file, for messages
  std::string staged_;  // the copy that is loaded
  std::string sha256_;
  std::string refused_;  // why a newer file was refused
};

}  // namespace kclhost::host::session
