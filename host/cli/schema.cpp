#include <cstdio>
#include <string>

#include "cli/cli.hpp"
#include "config/config.hpp"
#include "support/exit_code.hpp"

namespace kclhost::host::cli {

namespace {

int print_schema() {
  const std::string schema = config::json_schema();
  std::fwrite(schema.data(), 1, schema.size(), stdout);  // its arrival is checked once this is done
  return exit_done;
}

}  // namespace

void add_schema(CommandLine& program) {
  program.add_command("schema", "Print the JSON Schema of the configuration, for editors").runs(print_schema);
}

}  // namespace kclhost::host::cli
