#include "cli/cli.hpp"
#include "cli/companion.hpp"

namespace kclhost::host::cli {

void add_put(CommandLine& program) {
  program.add_command("put", "Put words, lines or JSON records on a stream").forwards(handed_to("kclhost-put", "put"));
}

}  // namespace kclhost::host::cli
