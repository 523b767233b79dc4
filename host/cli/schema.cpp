#include <cstdio>
#include <string>

#include "cli/cli.hpp"
#include "config/config.hpp"
#include "support/exit_code.hpp"

namespace kclhost::host::cli {

namespace {

int print_schema() {
  const std::string schema = config::json_schema();
  if (std::fwrite(schema.data(), 1, schema.size(), stdout) == schema.size() && std::fflush(stdout) == 0)
    return exit_done;
  complain("schema: can't write to standard output");
  return exit_broken_pipe;
}

}  // namespace

void add_schema(CommandLine& program) {
  program.add_command("schema", "Print the JSON Schema of the configuration, for editors").runs(print_schema);
}

}  // namespace kclhost::host::cli
