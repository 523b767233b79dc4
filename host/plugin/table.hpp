// A plugin's table, copied and checked: what the rest of the host calls a plugin through. The rules, and which versions
// of plugin and host go together, are in docs/abi.md.
#pragma once

#include <kclhost/plugin.h>

#include <string>

#include "support/result.hpp"

namespace kclhost::host::plugin {

struct PluginTable {
  // As long as this host's header knows it; what the plugin's is too short for is zero. Required functions are set. The
  // strings in it are the plugin's own memory: use the copies below.
  kclhost_plugin functions{};

  std::string id;
  std::string version;
  std::string description;    // may be empty
  std::string config_schema;  // JSON text; empty: none

  bool checkpoints() const { return (functions.flags & KCLHOST_PLUGIN_CHECKPOINTS) != 0; }
  bool acknowledges() const { return (functions.flags & KCLHOST_PLUGIN_ACKNOWLEDGES) != 0; }
  bool wants_empty_batches() const { return (functions.flags & KCLHOST_PLUGIN_EMPTY_BATCHES) != 0; }
};

// Reads what a plugin's entry function returned, which may be NULL or of another version. Calls none of its functions.
// An error begins with a verb, "has no ...", and leaves it to the caller to say of which file.
Result<PluginTable> read_table(const kclhost_plugin* raw);

}  // namespace kclhost::host::plugin
