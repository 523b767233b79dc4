// Whether a plugin's configuration fits the plugin's own JSON Schema.
#pragma once

#include <string>
#include <vector>

#include "support/result.hpp"

namespace kclhost::host::plugin {

// One place of the configuration that the schema does not allow.
struct Misfit {
  std::vector<std::string> path;  // names and indexes from the configuration's top
  std::string message;
};

// Everything in a configuration (JSON text) that a schema (JSON text, draft 7, or draft 4 where its $schema says so)
// does not allow; none when it fits. The error says why the schema can't be used. Takes memory and time: for commands
// that look, not for `kclhost run`, which starts once per shard. In a child of this process, which must have one
// thread: a schema that would end it, or keep it busy for more than two seconds, is an error too.
Result<std::vector<Misfit>> find_misfits(const std::string& schema, const std::string& configuration);

// The same in this process.
Result<std::vector<Misfit>> find_misfits_unguarded(const std::string& schema, const std::string& configuration);

}  // namespace kclhost::host::plugin
