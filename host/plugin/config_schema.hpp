// Whether a plugin's configuration fits the plugin's own JSON Schema.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "support/result.hpp"

namespace kclhost::host::plugin {

// One place of the configuration that the schema does not allow.
struct Misfit {
  std::vector<std::string> path;  // names and indexes from the configuration's top
  std::string message;

  // "'plugin.config.a.b' does not fit the plugin's schema: ..."; `config` is what the configuration is called.
  std::string str(std::string_view config = "plugin.config") const;
};

// Everything in a configuration (JSON text) that a schema (JSON text, draft 7, or draft 4 where its $schema says so)
// does not allow; none when it fits. The error says why the schema can't be used. It takes memory and time, in a child
// of this process: a schema that would end it, or keep it busy for more than two seconds, is an error too. Any thread.
Result<std::vector<Misfit>> find_misfits(const std::string& schema, const std::string& configuration);

// The same in this process.
Result<std::vector<Misfit>> find_misfits_unguarded(const std::string& schema, const std::string& configuration);

}  // namespace kclhost::host::plugin
