#include "cli/cli.hpp"
#include "cli/companion.hpp"

namespace kclhost::host::cli {

void add_doctor(CommandLine& program) {
  program.add_command("doctor", "Look for what would keep a daemon from working, with the cure of each finding")
      .forwards(handed_to("kclhost-doctor", "doctor"));
}

}  // namespace kclhost::host::cli
