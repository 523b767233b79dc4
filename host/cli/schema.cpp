#include <cstdio>
#include <string>

#include "cli/cli.hpp"
#include "config/config.hpp"

namespace kclhost::host::cli {

void add_schema(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("schema", "Print the JSON Schema of the configuration, for editors");
  command->callback([&action] {
    action = [] {
      const std::string schema = config::json_schema();
      std::fwrite(schema.data(), 1, schema.size(), stdout);  // main looks whether it has arrived
      return static_cast<int>(exit_done);
    };
  });
}

}  // namespace kclhost::host::cli
