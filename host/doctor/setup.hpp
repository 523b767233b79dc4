// What the checks look at.
#pragma once

#include <cstdint>
#include <string>

#include "cli/findings.hpp"
#include "config/config.hpp"
#include "doctor/services.hpp"
#include "launch/command.hpp"
#include "support/result.hpp"

namespace kclhost::host::doctor {

struct Setup {
  const config::Config& config;
  const cli::Findings& checked;            // by `kclhost check`
  const Result<launch::Command>& command;  // the daemon's, as `kclhost launch` would start it
  std::uint64_t memory;                    // that there is, in bytes
  Services& services;

  // Whether kclhost launch starts the daemon with this configuration.
  bool has_daemon() const { return !config.daemon.properties.empty(); }
  std::string file() const { return config.file.string(); }
  // The same for a command that is to be run.
  std::string arguments() const { return config.arguments(); }
};

inline constexpr char no_daemon[] = "no daemon is configured: daemon.properties is empty";

}  // namespace kclhost::host::doctor
