// The plugin that is looked at.
#pragma once

#include <cstdint>
#include <string>

#include "config/config.hpp"
#include "conformance/records.hpp"
#include "plugin/call.hpp"
#include "plugin/file.hpp"

namespace kclhost::host::conformance {

struct Subject {
  plugin::File file;
  Descriptor about;
  std::string config_json = "{}";  // fits the plugin's schema
  Records own_records;             // of the author's
  std::uint64_t seed = 1;
  config::Milliseconds timeout{30'000};  // what a call may take

  std::string path() const { return file.path.string(); }
};

}  // namespace kclhost::host::conformance
