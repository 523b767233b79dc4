// Log lines on their way to `kclhost launch`.
#pragma once

#include <spdlog/sinks/base_sink.h>

#include <mutex>
#include <string>

#include "support/fd.hpp"

namespace kclhost::host::observe {

// Sends each line as one datagram to a Unix socket, so that it need not pass through the daemon's own log. Where the
// launcher is not (or no longer) there, or a line is too long for a datagram, it goes to standard error.
class LauncherSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit LauncherSink(const std::string& socket_path);

 private:
  void sink_it_(const spdlog::details::log_msg& message) override;
  void flush_() override {}

  Fd socket_;
};

}  // namespace kclhost::host::observe
